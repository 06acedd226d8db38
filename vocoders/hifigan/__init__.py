"""HiFi-GAN: transposed convolutions and residual blocks, trained against discriminators."""
