"""Recipe: Vocos, an excited vocoder (``training.recipes.excited``)."""

from training.recipes.gan import gan_recipe
from vocoders.vocos.spec import SPEC

RECIPE = gan_recipe(SPEC, steps=50_000, adversary_from=800)
