"""Public checkpoints to components, without running what is in them."""
