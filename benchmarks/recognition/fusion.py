"""Measures how many words a recognizer gets right: by each head alone, and with a language model.

    python -m benchmarks.recognition.fusion --component voices/components/recognizer-small

The weights are chosen on sentences of a quarter of a novel's chapters; the figures are of those of
another quarter and, with ``--corpus``, of a prepared corpus' held-out utterances.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, product
from pathlib import Path
from typing import Any

import numpy as np

from audio.log_mel import log_mel
from benchmarks.choices import Choice
from benchmarks.load.novel import HERE, novel
from benchmarks.recognition.speech import (
    FOR_FAULTS,
    FOR_THRESHOLDS,
    SYMBOLS,
    sentences_of,
    speak,
)
from core.mel import Float32
from core.protocols import SpeechRecognizer
from core.recognition import RecognizerOutput
from core.voice import read_component
from exports.voice import load_recognizer
from recognition.decoding import ErrorCounts, best_path, count_errors, words_of
from recognition.labels import character_labels, gap_label
from recognition.language_model import ENGLISH, NgramModel, open_arpa
from recognition.pronunciations import english_pronunciations, pronunciation_tree
from recognition.word_search import Fusion, WordSearch
from synthesis.engine import Engine
from synthesis.settings import SynthesisSettings
from text.frontend import open_frontend
from training.data.corpus import is_held_out, read_prepared

ALPHAS, BONUSES = (0.5, 0.55, 0.6, 0.65), (0.0, 0.5, 1.0)
RESAMPLES = 1000
"""Of utterances, for the interval in which 95 % of the error rates lie."""


@dataclass(frozen=True, slots=True)
class RecognizedSample:
    """An utterance, and what a recognizer makes of it.

    Attributes:
        words: that were meant.
        output: of the recognizer.
        seconds: how long it is.
    """

    words: list[str]
    output: RecognizerOutput
    seconds: float


def recognized_sample(recognize: SpeechRecognizer, text: str, mel: Float32) -> RecognizedSample:
    """Returns what is recognized in the mel (n_mels, T) of a normalized text."""
    (output,) = recognize([mel])
    seconds = mel.shape[1] / recognize.mel_spec.frames_per_second
    return RecognizedSample(words_of(character_labels(text)), output, seconds)


def held_out_speech(
    recognize: SpeechRecognizer, folder: Path, speakers: Sequence[str]
) -> Iterator[RecognizedSample]:
    """Yields the utterances of a prepared corpus that no training saw."""
    corpus, frontend = read_prepared(folder), open_frontend("characters")
    mels = np.load(folder / "mel.npy", mmap_mode="r")
    for entry in corpus.entries:
        if is_held_out(entry.id) and corpus.speakers[entry.speaker] in speakers:
            mel = mels[entry.mel_start : entry.mel_start + entry.frames].T.astype(np.float32)
            utterances = frontend.analyze(entry.text, ssml=False).utterances
            yield recognized_sample(recognize, " ".join(u.text for u in utterances), mel)


def words_by_sound(tree_words: dict[bytes, str], phonemes: Float32, gap: int) -> list[str]:
    """Returns a word for each run of phonemes between gaps on the best path.

    Args:
        tree_words: labels of phonemes → the likeliest word that sounds so; a run without one is no
            word, and wrong.
        phonemes: (J, labels) log-probabilities.
        gap: label of a word gap.
    """
    runs = groupby(best_path(phonemes), lambda label: label == gap)
    return [tree_words.get(bytes(run), "") for is_gap, run in runs if not is_gap]


def likeliest_words(pronunciations: dict[str, set[bytes]], model: NgramModel) -> dict[bytes, str]:
    """Returns for each pronunciation the word that a model finds likeliest by itself."""
    found = dict[bytes, tuple[float, str]]()
    for word, spellings in pronunciations.items():
        for spelling in spellings:
            entry = (model.score((), word), word)
            found[spelling] = max(entry, found.get(spelling, entry))
    return {spelling: word for spelling, (_, word) in found.items()}


def error_figures(counts: Sequence[ErrorCounts]) -> dict[str, Any]:
    """Returns the error rate of utterances' counts, with its interval of 95 %."""
    total = sum(counts, ErrorCounts())
    errors = np.array([c.substitutions + c.deletions + c.insertions for c in counts])
    labels = np.array([c.labels for c in counts])
    drawn = np.random.default_rng(0).integers(0, len(counts), (RESAMPLES, len(counts)))
    rates = errors[drawn].sum(1) / labels[drawn].sum(1)
    low, high = np.quantile(rates, (0.025, 0.975)).round(4).tolist()
    return {
        "wer": round(total.rate, 4),
        "interval": [low, high],
        "errors": int(errors.sum()),
        "words": total.labels,
    }


def searched(search: WordSearch, samples: Sequence[RecognizedSample]) -> list[ErrorCounts]:
    """Returns the errors of the words that a search finds in each utterance."""
    return [
        count_errors(
            s.words, [w.text for w in search.words(s.output.phonemes, s.output.characters)]
        )
        for s in samples
    ]


def main() -> int:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--component", type=Path, required=True)
    parser.add_argument("--novel", type=Path, default=HERE)
    parser.add_argument("--sentences", type=int, default=60)
    parser.add_argument("--corpus", type=Path, help="a prepared one, whose held-out part counts")
    parser.add_argument("--speakers", nargs="+", default=["female", "male"])
    parser.add_argument("--arpa", type=Path, default=ENGLISH)
    options = parser.parse_args()
    settings, file = SynthesisSettings.from_environment(), novel(options.novel)
    catalogue, engine = settings.catalogue(), Engine(settings.artifacts_folder)
    component = read_component(options.component)
    recognize = load_recognizer(component, runtime="onnx", artifacts=settings.artifacts_folder)
    model = open_arpa(options.arpa)
    pronunciations = english_pronunciations(SYMBOLS, model.words)
    tree, gap = pronunciation_tree(pronunciations), gap_label(SYMBOLS)
    choices = [
        Choice(card.name, next(iter(card.acoustic)), next(iter(card.vocoders)))
        for card in catalogue.voices.values()
    ]
    chosen, held_out = (
        [
            recognized_sample(
                recognize,
                one.item.utterance.text,
                log_mel(one.result.waveform.samples, recognize.mel_spec),
            )
            for one in speak(
                engine, catalogue, choices, sentences_of(file, part, options.sentences)
            )
        ]
        for part in (FOR_THRESHOLDS, FOR_FAULTS)
    )
    rates = {
        (alpha, bonus): sum(
            searched(WordSearch(tree, gap, Fusion(model, alpha, bonus)), chosen), ErrorCounts()
        ).rate
        for alpha, bonus in product(ALPHAS, BONUSES)
    }
    alpha, bonus = min(rates, key=lambda one: rates[one])
    search = WordSearch(tree, gap, Fusion(model, alpha, bonus))
    by_sound = likeliest_words(pronunciations, model)
    parts = {"novel": held_out}
    if options.corpus:
        parts["corpus"] = list(held_out_speech(recognize, options.corpus, options.speakers))
    figures: dict[str, Any] = {
        "words_of_the_tree": len(tree.words),
        "words_of_the_model": len(model.words),
        "wer_by_alpha_and_bonus": {f"{a} {b}": round(r, 4) for (a, b), r in rates.items()},
        "alpha": alpha,
        "word_bonus": bonus,
    }
    for name, samples in parts.items():
        characters = [
            count_errors(s.words, words_of(best_path(s.output.characters))) for s in samples
        ]
        phonemes = [
            count_errors(s.words, words_by_sound(by_sound, s.output.phonemes, gap)) for s in samples
        ]
        start = time.process_time()
        errors = searched(search, samples)
        spent = time.process_time() - start
        with_model, without = (error_figures(one) for one in (errors, characters))
        figures[name] = {
            "characters": without,
            "phonemes": error_figures(phonemes),
            "search": with_model,
            "relative_gain": round(1 - with_model["wer"] / without["wer"], 4),
            "unknown_to_the_model": sum(w not in model for s in samples for w in s.words),
            "not_in_the_tree": sum(w not in pronunciations for s in samples for w in s.words),
            "search_rtf": round(spent / sum(s.seconds for s in samples), 4),
        }
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
