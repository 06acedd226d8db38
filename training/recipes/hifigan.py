"""Recipe: HiFi-GAN, a generator against discriminators (``training.recipes.gan``)."""

from training.recipes.gan import gan_recipe
from vocoders.hifigan.spec import SPEC

RECIPE = gan_recipe(SPEC)
