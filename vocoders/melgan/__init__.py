"""MelGAN in its two public forms."""
