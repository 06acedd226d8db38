"""Recipe: a Conformer under CTC (``training.recipes.ctc``)."""

from recognition.conformer.spec import SPEC
from training.recipes.ctc import ctc_recipe

RECIPE = ctc_recipe(SPEC)
