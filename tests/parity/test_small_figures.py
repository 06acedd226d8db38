"""The small figures of every clone are the reference's, bit for bit, with their weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.parity.derive_small_figures import NAMES
from tests.parity.reference_figures import SMALL, load, load_from


@pytest.mark.parametrize("name", NAMES)
def test_a_small_figure_is_the_references(name: str, shared: Path) -> None:
    small, reference = load_from(SMALL, name), load_from(shared / "parity", name)
    for part in ("state_dict", "inputs", "outputs"):
        ours, theirs = getattr(small, part), getattr(reference, part)
        assert ours.keys() == theirs.keys(), part
        for key, tensor in theirs.items():
            assert ours[key].dtype == tensor.dtype, key
            assert torch.equal(ours[key], tensor), key


@pytest.mark.parametrize("name", NAMES)
def test_every_clone_has_it(name: str) -> None:
    figure = load(name)
    assert figure.state_dict
    assert figure.outputs
