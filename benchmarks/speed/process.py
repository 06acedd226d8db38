"""A process of the speed bench: loads a case, then speaks the texts it is sent and times them."""

from __future__ import annotations

import io
import resource
import time
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.speed.cases import TimedCase
from synthesis.settings import SynthesisSettings

Speak = Callable[[Sequence[str]], tuple[int, float, dict[str, float]]]
"""Texts → bytes of their WAV files, audio [s], seconds per stage [s]."""


@dataclass(frozen=True, slots=True)
class RoundResult:
    """The measurements of one process in a round.

    Attributes:
        audio_seconds: length of the audio that it made [s].
        stage_seconds: wall time of each stage [s].
        peak_bytes: highest resident memory so far.
    """

    audio_seconds: float
    stage_seconds: dict[str, float]
    peak_bytes: int


class SpeakingProcess:
    """The parent's end of a spawned process that speaks.

    Args:
        case: the case that it loads.
        settings: where the voices and their exports lie.
        warm_up: first text, which belongs to the cold start.

    Raises:
        RuntimeError: the case could not be loaded; the message says why.
    """

    def __init__(self, case: TimedCase, settings: SynthesisSettings, warm_up: str) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        start = time.perf_counter()
        self._process = context.Process(
            target=_serve, args=(theirs, case, settings, warm_up), daemon=True
        )
        self._process.start()
        theirs.close()
        self._first = self._receive()
        self.cold_seconds = time.perf_counter() - start

    def send(self, texts: Sequence[str]) -> None:
        """Starts a round."""
        self._pipe.send(list(texts))

    def finish(self) -> RoundResult:
        """Waits for the end of the round and returns its result."""
        result = self._receive()
        assert isinstance(result, RoundResult)
        return result

    def close(self) -> None:
        """Ends the process."""
        self._pipe.send(None)
        self._process.join()

    def _receive(self) -> Any:
        try:
            answer = self._pipe.recv()
        except EOFError as error:
            raise RuntimeError("the speaking process ended early") from error
        if isinstance(answer, str):
            raise RuntimeError(answer)
        return answer


def _serve(pipe: Connection, case: TimedCase, settings: SynthesisSettings, warm_up: str) -> None:
    try:
        speak = _open(case, settings)
        speak([warm_up])
    except Exception as error:  # crosses the process as text; the parent raises it again
        pipe.send(f"{type(error).__name__}: {error}")
        return
    pipe.send(True)
    while (texts := pipe.recv()) is not None:
        pipe.send(_run_round(speak, texts, case.batch))


def _run_round(speak: Speak, texts: list[str], batch: int) -> RoundResult:
    audio, stages = 0.0, dict[str, float]()
    for start in range(0, len(texts), batch):
        _, seconds, took = speak(texts[start : start + batch])
        audio += seconds
        for stage, value in took.items():
            stages[stage] = stages.get(stage, 0.0) + value
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB
    return RoundResult(audio, stages, peak)


def _open(case: TimedCase, settings: SynthesisSettings) -> Speak:
    return _open_piper(case) if case.choice is None else _open_ours(case, settings)


def _open_ours(case: TimedCase, settings: SynthesisSettings) -> Speak:
    import torch

    from benchmarks.pipeline import Pipeline, StageClock

    assert case.choice is not None
    torch.set_num_threads(case.threads or torch.get_num_threads())
    pipeline = Pipeline(settings.catalogue(), case.choice, settings.artifacts_folder)

    def speak(texts: Sequence[str]) -> tuple[int, float, dict[str, float]]:
        clock = StageClock()
        files, seconds = pipeline.wav(texts, clock)
        return sum(map(len, files)), seconds, clock.seconds

    return speak


def _open_piper(case: TimedCase) -> Speak:
    from benchmarks.peers import open_piper

    voice = open_piper(case.threads)

    def speak(texts: Sequence[str]) -> tuple[int, float, dict[str, float]]:
        size, seconds = 0, 0.0
        for text in texts:
            file = io.BytesIO()
            with wave.open(file, "wb") as writer:
                voice.synthesize_wav(text, writer)
                seconds += writer.getnframes() / writer.getframerate()
            size += file.tell()
        return size, seconds, {}

    return speak
