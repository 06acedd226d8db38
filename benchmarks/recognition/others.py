"""Phonemes that a recognizer gets wrong in speech of others: the teacher, Piper, a human reader.

    python -m benchmarks.recognition.others --component voices/components/recognizer-small

What should sound is what the text front end says for the sentence, so where a speaker pronounces a
word otherwise it counts as an error, too.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import soundfile
import soxr

from audio.log_mel import log_mel
from benchmarks.quality.recognizer import MissingTool
from benchmarks.quality.sentences import read_sentences
from benchmarks.quality.systems import CORPUS, System, open_piper_system, open_teacher
from benchmarks.recognition.speech import SYMBOLS
from core.mel import Float32
from core.protocols import SpeechRecognizer
from core.voice import read_component
from exports.voice import load_recognizer
from recognition.decoding import ErrorCounts, best_path, count_errors
from recognition.labels import gap_label, phoneme_labels
from synthesis.settings import SynthesisSettings
from text.frontend import open_frontend
from text.g2p.symbols import symbol_table

HUMAN = CORPUS.parent / "speech" / "lj"
"""Clips of LJSpeech beside the checkout, on machines that have them."""
Clips = Iterable[tuple[str, Float32, int]]
"""Text, samples and rate [Hz] of each."""


def clips_of(system: System) -> Iterator[tuple[str, Float32, int]]:
    """Yields the bench's sentences as a system says them; those that it lacks are left out."""
    say = system.open()
    for sentence in read_sentences():
        speech = say(sentence)
        if speech is not None:
            yield sentence.text, *speech


def human_clips(folder: Path) -> Iterator[tuple[str, Float32, int]]:
    """Yields the clips of a folder in LJSpeech's layout.

    Raises:
        MissingTool: it is not there.
    """
    table = folder / "metadata.csv"
    if not table.is_file():
        raise MissingTool("no human speech on this machine (../shared/speech)")
    with table.open(encoding="utf-8", newline="") as lines:
        for row in csv.reader(lines, delimiter="|", quoting=csv.QUOTE_NONE):
            samples, rate = soundfile.read(folder / f"{row[0]}.wav", dtype="float32")
            yield row[-1], samples, int(rate)


def phoneme_errors(recognize: SpeechRecognizer, clips: Clips) -> ErrorCounts:
    """Returns the errors in phonemes of all clips, gaps and stress left aside."""
    return sum(errors_of_clips(recognize, clips), ErrorCounts())


def errors_of_clips(recognize: SpeechRecognizer, clips: Clips) -> Iterator[ErrorCounts]:
    """Yields the errors in phonemes of each clip."""
    frontend, table, gap = open_frontend(SYMBOLS), symbol_table(SYMBOLS), gap_label(SYMBOLS)
    for text, samples, rate in clips:
        clip = soxr.resample(samples, rate, recognize.mel_spec.sample_rate)
        (output,) = recognize([log_mel(clip, recognize.mel_spec)])
        utterances = frontend.analyze(text, ssml=False).utterances
        symbols = [symbol for utterance in utterances for symbol in utterance.phonemes]
        meant = phoneme_labels(table.ids(symbols), SYMBOLS)
        found = best_path(output.phonemes)
        yield count_errors(
            [label for label in meant if label != gap], [label for label in found if label != gap]
        )


def main() -> int:
    """Prints the share of wrong phonemes by speaker as JSON, or why there is none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--component", type=Path, required=True)
    options = parser.parse_args()
    settings = SynthesisSettings.from_environment()
    component = read_component(options.component)
    recognize = load_recognizer(component, runtime="onnx", artifacts=settings.artifacts_folder)
    speakers: dict[str, Clips] = {
        "teacher": clips_of(System("teacher", open_teacher)),
        "piper": clips_of(System("piper", open_piper_system)),
        "human": human_clips(HUMAN),
    }
    figures: dict[str, float | str] = {}
    for name, clips in speakers.items():
        try:
            figures[name] = phoneme_errors(recognize, clips).rate
        except MissingTool as missing:
            figures[name] = str(missing)
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
