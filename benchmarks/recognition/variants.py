"""Ways to run the same recognizer: batches or alone, float32 or int8, whole or in windows.

    python -m benchmarks.recognition.variants --component voices/components/recognizer-small \\
        --corpus var/six --write docs/hear-back.md

The speech is what a prepared corpus holds out. ``--write`` puts the table into a page, between the
lines that name this command.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from core.mel import Float32, MelSpec
from core.protocols import SpeechRecognizer, StreamingRecognizer
from core.recognition import CheckThresholds, RecognizerOutput, StreamWindow
from core.request import Precision
from core.voice import Component, read_component
from exports.exporters.export import artifact_folder
from exports.voice import load_recognizer
from recognition.check import check_utterance
from recognition.convolutional_bilstm.adapter import FRONT_HALO
from recognition.decoding import ErrorCounts, best_path, count_errors
from recognition.evidence import MeantLabels, find_evidence
from recognition.labels import gap_label, phoneme_labels
from recognition.rates import STRIDE
from synthesis.checking import UTTERANCES_AT_ONCE
from synthesis.settings import SynthesisSettings
from text.g2p.symbols import symbol_table
from training.data.dataset import SpeechDataset

WINDOWS = tuple(
    StreamWindow(chunk, context) for chunk, context in ((4, 4), (4, 8), (8, 4), (8, 8), (8, 16))
)
ROWS = re.compile(r"(<!-- benchmarks\.recognition\.variants -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class HeldOutUtterance:
    """Speech and what it says.

    Attributes:
        mel: (n_mels, T).
        meant: labels of its phonemes and whose they are.
    """

    mel: Float32
    meant: MeantLabels


class StreamedRecognizer:
    """Utterances as streams whose pieces are as long as a chunk; a ``SpeechRecognizer``.

    Args:
        recognizer: what is streamed.
        window: sizes.
    """

    def __init__(self, recognizer: StreamingRecognizer, window: StreamWindow) -> None:
        self._recognizer, self._window = recognizer, window

    @property
    def mel_spec(self) -> MelSpec:
        """What the values of the mels that it reads mean."""
        return self._recognizer.mel_spec

    def __call__(self, mels: Sequence[Float32]) -> list[RecognizerOutput]:
        """Returns one output per mel."""
        return [self._output(mel) for mel in mels]

    def _output(self, mel: Float32) -> RecognizerOutput:
        stream, size = self._recognizer.stream(self._window), STRIDE * self._window.chunk
        pieces = [mel[:, at : at + size] for at in range(0, mel.shape[1], size)]
        chunks = [chunk for piece in pieces for chunk in stream.push(piece)]
        chunks += stream.finish()
        return RecognizerOutput(
            np.concatenate([chunk.phonemes for chunk in chunks]),
            np.concatenate([chunk.characters for chunk in chunks]),
            chunks[0].frames_per_slot,
        )


def held_out(corpus: Path, symbols: str, count: int) -> list[HeldOutUtterance]:
    """Returns the first utterances that a prepared corpus holds out."""
    speech, table, gap = SpeechDataset(corpus), symbol_table(symbols), gap_label(symbols)
    found = []
    for entry in speech.held_out[:count]:
        labels = phoneme_labels(table.ids(entry.phonemes), symbols)
        gaps = np.array([label == gap for label in labels])
        words = np.where(gaps, -1, np.cumsum(gaps))
        meant = MeantLabels(tuple(labels), tuple(words.tolist()), int(gaps.sum()) + 1)
        found.append(HeldOutUtterance(speech.mel(entry).T.astype(np.float32), meant))
    return sorted(found, key=lambda one: one.mel.shape[1])


def run(
    recognize: SpeechRecognizer, speech: Sequence[HeldOutUtterance], at_once: int
) -> tuple[list[RecognizerOutput], float]:
    """Returns the outputs, and processor seconds a second of speech."""
    recognize([speech[0].mel])
    start = time.process_time()
    outputs = [
        output
        for at in range(0, len(speech), at_once)
        for output in recognize([one.mel for one in speech[at : at + at_once]])
    ]
    frames = sum(one.mel.shape[1] for one in speech)
    seconds = (time.process_time() - start) * recognize.mel_spec.frames_per_second / frames
    return outputs, seconds


def phoneme_errors(
    outputs: Sequence[RecognizerOutput], speech: Sequence[HeldOutUtterance], symbols: str
) -> ErrorCounts:
    """Returns the errors in phonemes, gaps and stress left aside."""
    gap, total = gap_label(symbols), ErrorCounts()
    for output, one in zip(outputs, speech, strict=True):
        wanted, found = one.meant.labels, best_path(output.phonemes)
        total = total + count_errors(
            [label for label in wanted if label != gap], [label for label in found if label != gap]
        )
    return total


def verdicts(
    outputs: Sequence[RecognizerOutput],
    speech: Sequence[HeldOutUtterance],
    thresholds: CheckThresholds,
    symbols: str,
) -> list[tuple[float, bool]]:
    """Returns the confidence of every word, and whether it is flagged."""
    meant = [one.meant for one in speech]
    rows = list[tuple[float, bool]]()
    scores = [output.phonemes for output in outputs]
    for evidence, one in zip(find_evidence(scores, meant, symbols), meant, strict=True):
        check = check_utterance(evidence, one.count, thresholds, symbols)
        flagged = {finding.word for finding in check.findings}
        rows += [(value, word in flagged) for word, value in enumerate(check.confidences)]
    return rows


def latency(window: StreamWindow, spec: MelSpec) -> float:
    """Returns how long after a sound its labels are known at the latest, compute aside [s].

    The first frame of a chunk waits for all of it, the context, the front's halo and half a window
    of the mel.
    """
    frames = STRIDE * (window.chunk + window.context + FRONT_HALO)
    return frames / spec.frames_per_second + spec.n_fft / 2 / spec.sample_rate


def table_of(component: Component, artifacts: Path, speech: Sequence[HeldOutUtterance]) -> str:
    """Returns the table, a row for each way."""
    symbols, thresholds = component.symbols, component.thresholds
    assert thresholds is not None
    lines = [
        "| | phonemes wrong | compute a second of speech | words flagged otherwise, of "
        f"{sum(one.meant.count for one in speech)}; confidence moved by at most | MB |",
        "|---|---|---|---|---|",
    ]
    known = list[tuple[float, bool]]()

    def add(name: str, recognize: SpeechRecognizer, at_once: int, size: str) -> None:
        outputs, seconds = run(recognize, speech, at_once)
        rows = verdicts(outputs, speech, thresholds, symbols)
        known.extend(rows if not known else ())
        moved = max(abs(a - b) for (a, _), (b, _) in zip(rows, known, strict=True))
        other = sum(a != b for (_, a), (_, b) in zip(rows, known, strict=True))
        rate = phoneme_errors(outputs, speech, symbols).rate
        lines.append(
            f"| {name} | {rate:.2%} | {seconds * 1e3:.1f} ms | {other}; {moved:.2f} | {size} |"
        )

    recognizers = dict[Precision, SpeechRecognizer]()
    precisions: tuple[Precision, ...] = ("fp32", "int8")
    for precision in precisions:
        recognize = recognizers[precision] = load_recognizer(
            component, runtime="onnx", artifacts=artifacts, precision=precision
        )
        folder = artifact_folder(artifacts, component, "onnx", precision)
        size = f"{sum(file.stat().st_size for file in folder.glob('*.onnx')) / 1e6:.1f}"
        add(
            f"{precision}, {UTTERANCES_AT_ONCE} utterances at once",
            recognize,
            UTTERANCES_AT_ONCE,
            size,
        )
        add(f"{precision}, one by one", recognize, 1, size)
    streaming = cast(StreamingRecognizer, recognizers["fp32"])
    for window in WINDOWS:
        chunk, context = (
            STRIDE * n / streaming.mel_spec.frames_per_second
            for n in (window.chunk, window.context)
        )
        sizes = f"chunks of {chunk:.2f} s, {context:.2f} s after them"
        late = f"known after {latency(window, streaming.mel_spec):.2f} s"
        add(f"fp32, {sizes}: {late}", StreamedRecognizer(streaming, window), 1, "")
    return "\n".join(lines) + "\n"


def with_table(page: str, table: str) -> str:
    """Returns a page with another table between the lines that name this command."""
    return ROWS.sub(lambda match: match[1] + table + match[2], page)


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--component", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--utterances", type=int, default=200)
    parser.add_argument("--write", type=Path, help="A page in which the table stands.")
    options = parser.parse_args()
    component = read_component(options.component)
    artifacts = SynthesisSettings.from_environment().artifacts_folder
    speech = held_out(options.corpus, component.symbols, options.utterances)
    table = table_of(component, artifacts, speech)
    print(table)
    if options.write:
        page = options.write.read_text("utf-8")
        options.write.write_text(with_table(page, table), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
