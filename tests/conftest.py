"""Fixtures of every tier."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Reference figures and training speech beside the checkout; a user's clone has none."""
    if not SHARED.is_dir():
        pytest.skip("the folder of reference figures is not beside this checkout")
    return SHARED
