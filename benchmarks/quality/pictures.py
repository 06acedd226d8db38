"""Mel spectrograms of one sentence, a WebP per system: the eye finds what scores do not."""

from __future__ import annotations

import re
from pathlib import Path

import soxr

from audio.log_mel import log_mel
from benchmarks.quality.recognizer import MissingTool
from core.mel import Float32, MelSpec


def draw(samples: Float32, sample_rate: int, title: str, folder: Path) -> Path:
    """Writes ``<title>.webp``.

    Args:
        samples: (N,) float32.
        sample_rate: [Hz]; resampled to the house's mel.
        title: of the picture; its letters and digits become the file name.
        folder: made if missing.

    Raises:
        MissingTool: matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise MissingTool(f"pictures need matplotlib (extra 'train'): {error}") from error
    matplotlib.use("Agg")
    from matplotlib import pyplot

    spec = MelSpec()
    mel = _log_mel(samples, sample_rate, spec)
    seconds = mel.shape[1] / spec.frames_per_second
    figure, axes = pyplot.subplots(figsize=(max(4.0, seconds * 1.2), 2.4), dpi=72)
    axes.imshow(mel, origin="lower", aspect="auto", extent=(0, seconds, 0, spec.n_mels))
    axes.set(title=title, xlabel="seconds", ylabel="mel band")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name(title)
    figure.savefig(path, bbox_inches="tight", pil_kwargs={"quality": 75})
    pyplot.close(figure)
    return path


def file_name(title: str) -> str:
    """Of the picture of a system.

    >>> file_name("clara fastspeech2 × hifigan")
    'clara-fastspeech2-hifigan.webp'
    """
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") + ".webp"


def _log_mel(samples: Float32, sample_rate: int, spec: MelSpec) -> Float32:
    if sample_rate != spec.sample_rate:
        samples = soxr.resample(samples, sample_rate, spec.sample_rate)
    return log_mel(samples, spec)
