"""Predictors of how natural speech sounds, without a reference: DNSMOS and Distill-MOS.

Both are networks that predict the mean opinion score of listeners on 1–5. DNSMOS was made for noise
suppression (P.835: signal, background, overall; P.808: overall), Distill-MOS for coded and
synthetic speech. Neither hears wrong words.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.quality.recognizer import RECOGNIZER_RATE, MissingTool
from core.mel import Float32

MosPredictor = Callable[[Float32], Mapping[str, float]]
"""(N,) float32 at 16 kHz → figures by name."""

FIGURES = ("dnsmos_ovrl", "dnsmos_sig", "dnsmos_bak", "dnsmos_p808", "distill_mos")


def open_dnsmos() -> MosPredictor:
    """Returns DNSMOS P.835 and P.808.

    Source: Reddy et al. 2022, DNSMOS P.835; weights in the PyPI package speechmos.

    Raises:
        MissingTool: speechmos or what it imports is not installed.
    """
    try:
        import onnxruntime
        from speechmos import dnsmos
    except ImportError as error:
        raise MissingTool(f"DNSMOS needs the extra 'bench': {error}") from error
    folder = Path(dnsmos.__file__).parent / "dnsmos_models"
    paths = (str(folder / "sig_bak_ovr.onnx"), str(folder / "model_v8.onnx"))
    model = dnsmos.DNSMOS(*paths)
    # The package opens its sessions with a thread per core; the bench shares its machine.
    model.onnx_sess, model.p808_onnx_sess = (
        onnxruntime.InferenceSession(path, single_thread()) for path in paths
    )

    def predict(samples: Float32) -> dict[str, float]:
        scores = model(samples, RECOGNIZER_RATE, False)
        names = {"ovrl_mos": 0, "sig_mos": 1, "bak_mos": 2, "p808_mos": 3}
        return {FIGURES[at]: float(scores[name]) for name, at in names.items()}

    return predict


def open_distill_mos() -> MosPredictor:
    """Returns Distill-MOS.

    Source: Stahl & Gamper 2025, Distillation and pruning for scalable self-supervised
    representation-based speech quality assessment; weights in the PyPI package distillmos.

    Raises:
        MissingTool: distillmos or what it imports is not installed.
    """
    try:
        import torch
        from distillmos import ConvTransformerSQAModel
    except ImportError as error:
        raise MissingTool(f"Distill-MOS needs the extra 'bench': {error}") from error
    except OSError as error:  # PyPI's torchaudio wants CUDA; make setup mends it
        raise MissingTool(f"Distill-MOS cannot load torchaudio: {error}") from error
    with contextlib.redirect_stdout(io.StringIO()):  # it prints where its weights are
        model = ConvTransformerSQAModel().eval()

    def predict(samples: Float32) -> dict[str, float]:
        with torch.inference_mode():
            return {"distill_mos": float(model(torch.from_numpy(samples)[None]))}

    return predict


def single_thread() -> Any:
    """Returns onnxruntime.SessionOptions for one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return options


def open_predictors() -> tuple[list[MosPredictor], list[str]]:
    """Returns the predictors that can be loaded, and why the others cannot."""
    predictors, missing = [], []
    for opener in (open_dnsmos, open_distill_mos):
        try:
            predictors.append(opener())
        except MissingTool as error:
            missing.append(str(error))
    return predictors, missing
