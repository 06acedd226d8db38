"""WaveGlow: a flow from noise to samples, and its denoiser."""
