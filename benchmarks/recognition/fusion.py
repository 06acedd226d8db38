"""Measures what a language model brings the character head, on speech of a novel.

    python -m benchmarks.recognition.fusion --component voices/components/recognizer-small

The model learns from half of the chapters; alpha is chosen on sentences of another quarter, and the
figures are of the last one.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from audio.mel import log_mel
from benchmarks.choices import Choice
from benchmarks.load.novel import HERE, novel
from benchmarks.recognition.ngrams import kneser_ney
from benchmarks.recognition.speech import (
    AT_ONCE,
    FOR_FAULTS,
    FOR_THRESHOLDS,
    SYMBOLS,
    SampledUtterance,
    sentences_of,
    speak,
)
from core.mel import Float32
from core.protocols import SpeechRecognizer
from core.voice import read_component
from exports.voice import load_recognizer
from recognition.beam_search import BeamSearch, Fusion
from recognition.decoding import ErrorCounts, best_path, count_errors, words_of
from recognition.labels import character_labels
from recognition.language_model import NgramModel, arpa_lines, read_arpa
from synthesis.engine import Engine
from synthesis.settings import SynthesisSettings
from text.books.reader import read_book
from text.frontend import open_frontend

ALPHAS = (0.9, 0.8, 0.7, 0.6, 0.5)


def training_sentences(file: Path) -> Iterator[list[str]]:
    """Yields the words of the chapters that no speech here is made of."""
    frontend = open_frontend(SYMBOLS)
    for index, chapter in enumerate(read_book(file.read_bytes(), file.name).chapters):
        if index % 4 not in (FOR_THRESHOLDS, FOR_FAULTS):
            for utterance in frontend.analyze(chapter.text, ssml=False).utterances:
                yield words_of(character_labels(utterance.text))


def characters_of(
    recognize: SpeechRecognizer, speech: Sequence[SampledUtterance]
) -> list[tuple[list[str], Float32]]:
    """Returns the words that were meant, and log-probabilities of characters, of each utterance."""
    found = []
    for at in range(0, len(speech), AT_ONCE):
        few = speech[at : at + AT_ONCE]
        mels = [log_mel(s.result.waveform.samples, recognize.mel_spec) for s in few]
        for sample, output in zip(few, recognize(mels), strict=True):
            words = words_of(character_labels(sample.item.utterance.text))
            found.append((words, output.characters))
    return found


def word_errors(pairs: Sequence[tuple[list[str], list[str]]]) -> ErrorCounts:
    """Returns the errors of words that were recognized."""
    return sum((count_errors(wanted, found) for wanted, found in pairs), ErrorCounts())


def fused(
    speech: Sequence[tuple[list[str], Float32]], model: NgramModel, alpha: float
) -> ErrorCounts:
    """Returns the errors with a language model."""
    search = BeamSearch(Fusion(model, alpha))
    return word_errors([(wanted, search.words(scores)) for wanted, scores in speech])


def main() -> int:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--component", type=Path, required=True)
    parser.add_argument("--novel", type=Path, default=HERE)
    parser.add_argument("--sentences", type=int, default=100)
    parser.add_argument("--order", type=int, default=3)
    parser.add_argument("--arpa", type=Path, help="A model to measure; by default one is made.")
    parser.add_argument("--write", type=Path, help="Where the model that is made goes.")
    options = parser.parse_args()
    settings, file = SynthesisSettings.from_environment(), novel(options.novel)
    catalogue = settings.catalogue()
    recognize = load_recognizer(
        read_component(options.component), runtime="onnx", artifacts=settings.artifacts_folder
    )
    if options.arpa:
        with options.arpa.open(encoding="utf-8") as lines:
            model = read_arpa(lines)
    else:
        model = kneser_ney(training_sentences(file), options.order)
    if options.write:
        options.write.write_text("\n".join(arpa_lines(model)) + "\n", "utf-8")
    choices = [
        Choice(card.name, next(iter(card.acoustic)), next(iter(card.vocoders)))
        for card in catalogue.voices.values()
    ]
    engine = Engine(settings.artifacts_folder)
    chosen, held_out = (
        characters_of(
            recognize,
            [*speak(engine, catalogue, choices, sentences_of(file, part, options.sentences))],
        )
        for part in (FOR_THRESHOLDS, FOR_FAULTS)
    )
    by_alpha = {alpha: fused(chosen, model, alpha).rate for alpha in ALPHAS}
    alpha = min(by_alpha, key=lambda one: by_alpha[one])
    plain = word_errors([(wanted, words_of(best_path(scores))) for wanted, scores in held_out])
    start = time.process_time()
    errors = fused(held_out, model, alpha)
    figures: dict[str, Any] = {
        "words_of_the_model": len(model.words),
        "wer_by_alpha": by_alpha,
        "alpha": alpha,
        "wer_without": plain.rate,
        "wer_with": errors.rate,
        "relative_gain": 1 - errors.rate / plain.rate,
        "unknown_share": sum(w not in model for words, _ in held_out for w in words) / plain.labels,
        "search_seconds_an_utterance": (time.process_time() - start) / len(held_out),
    }
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
