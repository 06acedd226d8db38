"""Recipe: a convolutional BiLSTM under CTC (``training.recipes.ctc``)."""

from recognition.convolutional_bilstm.spec import SPEC
from training.recipes.ctc import ctc_recipe

RECIPE = ctc_recipe(SPEC)
