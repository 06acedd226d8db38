"""What every acoustic adapter checks of its mels."""

from __future__ import annotations

import numpy as np

from core.errors import AnomalyError
from core.mel import Float32


def require_finite_mel(mel: Float32) -> Float32:
    """Returns the mel (n_mels, T). Raises AnomalyError where a value is NaN or infinite."""
    if not np.isfinite(mel).all():
        raise AnomalyError(
            "the acoustic model predicted a mel that is not finite", code="anomaly_not_finite"
        )
    return mel
