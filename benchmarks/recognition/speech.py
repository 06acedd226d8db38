"""Sentences of a novel in our voices, for thresholds and planted faults, and what is recognized.

Chapters take turns: of each four one gives thresholds and one faults; two are left for language
models. None was in any training.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio.log_mel import log_mel
from benchmarks.choices import Choice
from core.mel import Float32, MelSpec
from core.protocols import SpeechRecognizer
from core.recognition import CheckMode
from core.request import SynthesisRequest
from core.voice import Catalogue
from recognition.deviation import word_deviations
from recognition.evidence import UtteranceEvidence, find_evidence, meant_labels
from synthesis.engine import Engine
from synthesis.parts import SynthesisItem, cut_parts, synthesis_items
from synthesis.results import SynthesizedUtterance
from text.books.reader import read_book
from text.frontend import open_frontend

FOR_THRESHOLDS, FOR_FAULTS = 1, 3
"""Remainders by four of the chapters' indices."""
FEWEST_WORDS, MOST_WORDS = 5, 25
AT_ONCE = 32
SYMBOLS = "house-ipa"


@dataclass(frozen=True, slots=True)
class SampledUtterance:
    """An utterance and its audio.

    Attributes:
        item: what was meant.
        result: its audio.
    """

    item: SynthesisItem
    result: SynthesizedUtterance


def sentences_of(novel: Path, remainder: int, count: int) -> list[str]:
    """Returns sentences of the chapters of one remainder, at even distances.

    Args:
        novel: an EPUB.
        remainder: of a chapter's index by four.
        count: how many.
    """
    book = read_book(novel.read_bytes(), novel.name)
    frontend = open_frontend(SYMBOLS)
    found = []
    for index, chapter in enumerate(book.chapters):
        if index % 4 != remainder:
            continue
        found += [
            utterance.text
            for utterance in frontend.analyze(chapter.text, ssml=False).utterances
            if FEWEST_WORDS <= len(utterance.words) <= MOST_WORDS
        ]
    return [found[i * len(found) // count] for i in range(min(count, len(found)))]


def speak(
    engine: Engine,
    catalogue: Catalogue,
    choices: Sequence[Choice],
    sentences: Sequence[str],
    check: CheckMode = "off",
) -> Iterator[SampledUtterance]:
    """Yields the sentences' utterances, whose voices take turns; refused ones are left out."""
    frontend = open_frontend(SYMBOLS)
    for at in range(0, len(sentences), AT_ONCE):
        items = list[SynthesisItem]()
        for number, text in enumerate(sentences[at : at + AT_ONCE], at):
            choice = choices[number % len(choices)]
            request = SynthesisRequest(
                text=text,
                voice=choice.voice,
                acoustic=choice.acoustic,
                vocoder=choice.vocoder,
                check=check,
                seed=zlib.crc32(text.encode()) & 0x7FFFFFFF,
            )
            parts = cut_parts([frontend.analyze(text, ssml=False).utterances])
            items += [i for part in parts for i in synthesis_items(part, request, catalogue)]
        for item, result in zip(items, engine.synthesize(items), strict=True):
            if isinstance(result, SynthesizedUtterance):
                yield SampledUtterance(item, result)


def deviations_of(sample: SampledUtterance, samples: Float32, spec: MelSpec) -> tuple[float, ...]:
    """Returns how far each word of these samples lies from what was vocoded [nats]."""
    result, words = sample.result, sample.item.utterance.words
    return word_deviations(result.mel, log_mel(samples, spec), result.durations, words)


def recognized(
    recognize: SpeechRecognizer, clips: Sequence[Float32], items: Sequence[SynthesisItem]
) -> list[UtteranceEvidence | None]:
    """Returns how well audio fits what was meant."""
    mels = [log_mel(clip, recognize.mel_spec) for clip in clips]
    found: list[UtteranceEvidence | None] = [None] * len(mels)
    order = np.argsort([mel.shape[1] for mel in mels])
    for at in range(0, len(mels), AT_ONCE):
        batch = order[at : at + AT_ONCE].tolist()
        outputs = recognize([mels[i] for i in batch])
        meant = [meant_labels(items[i].utterance, SYMBOLS) for i in batch]
        for i, evidence in zip(
            batch, find_evidence([o.phonemes for o in outputs], meant, SYMBOLS), strict=True
        ):
            found[i] = evidence
    return found
