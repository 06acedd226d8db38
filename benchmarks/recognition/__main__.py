"""Measures a recognizer: its thresholds from right speech, then faults planted in other speech.

    python -m benchmarks.recognition --component voices/components/recognizer-small --write

``--write`` puts the thresholds into the component's card; without it those of the card are tested.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.choices import Choice
from benchmarks.load.novel import HERE, novel
from benchmarks.recognition.faults import KINDS, plant
from benchmarks.recognition.speech import (
    FOR_FAULTS,
    FOR_THRESHOLDS,
    SYMBOLS,
    SampledUtterance,
    deviations_of,
    recognized,
    sentences_of,
    speak,
)
from core.protocols import SpeechRecognizer
from core.recognition import CheckThresholds
from core.voice import read_component
from exports.component_file import component_toml
from exports.voice import load_recognizer
from recognition.check import check_utterance, gap_statistic, word_statistic
from recognition.decoding import ErrorCounts, count_errors
from recognition.evidence import UtteranceEvidence
from synthesis.engine import Engine
from synthesis.settings import SynthesisSettings

DEVIATION_MARGIN = 1.25
"""From the largest deviation of right speech to the bound: noise deviates several times as much,
and of every vocoder there are a few sentences only."""
SENTENCES_OF_A_PAIR = 6
"""Spoken by every pair of voice and vocoder, for the bound of deviations."""


def thresholds_of(
    evidence: Iterable[UtteranceEvidence | None], deviations: Iterable[float]
) -> CheckThresholds:
    """Returns bounds that right speech does not exceed.

    Args:
        evidence: of right utterances.
        deviations: of right words, all vocoders among them.
    """
    known = [one for one in evidence if one is not None]
    words = [run for one in known for run in one.words if run]
    bounds = {
        "word": max(map(word_statistic, words)),
        "gap": max(gap_statistic(run) for one in known for run in one.gaps),
        # Where the words as they were meant are the likeliest reading, nothing is wrong.
        "dropped": max(0.0, *(run.dropped for run in words)),
        "repeated": max(0.0, *(run.repeated for run in words)),
        "deviation": max(deviations) * DEVIATION_MARGIN,
    }
    return CheckThresholds(**{name: math.ceil(100 * x) / 100 for name, x in bounds.items()})


def phoneme_errors(evidence: Iterable[UtteranceEvidence | None]) -> ErrorCounts:
    """Returns the errors in phonemes of what was recognized, gaps left aside."""
    total = ErrorCounts()
    for one in evidence:
        if one is not None:
            runs = [*(run for run in one.words if run), *one.gaps]
            for run in runs:
                total = total + count_errors(run.meant, run.found)
    return total


def is_flagged(
    evidence: UtteranceEvidence | None,
    sample: SampledUtterance,
    thresholds: CheckThresholds,
    deviations: Sequence[float] = (),
) -> bool:
    """Returns whether an utterance has a finding."""
    count = len(sample.item.utterance.words)
    return bool(check_utterance(evidence, count, thresholds, SYMBOLS, deviations).findings)


def planted(
    recognize: SpeechRecognizer, speech: Sequence[SampledUtterance], thresholds: CheckThresholds
) -> dict[str, Any]:
    """Returns how many planted faults are found by kind, and how much right speech is flagged.

    Noise is a vocoder's fault, so it is compared with the mel that was vocoded. The other kinds are
    an acoustic model's, whose mel would have the fault as well: there is nothing to compare with.
    """
    spec, found = recognize.mel_spec, dict[str, Any]()
    right = recognized(
        recognize, [s.result.waveform.samples for s in speech], [s.item for s in speech]
    )
    flagged = sum(
        is_flagged(e, s, thresholds, deviations_of(s, s.result.waveform.samples, spec))
        for e, s in zip(right, speech, strict=True)
    )
    found["untouched"] = {"utterances": len(speech), "flagged": flagged}
    for number, kind in enumerate(KINDS):
        rng = np.random.default_rng(number)
        faulty = [
            (sample, fault)
            for sample in speech[number :: len(KINDS)]
            if (
                fault := plant(
                    kind,
                    sample.result.waveform.samples,
                    sample.item.utterance,
                    sample.result.durations,
                    spec,
                    rng,
                )
            )
        ]
        evidence = recognized(
            recognize, [f.samples for _, f in faulty], [s.item for s, _ in faulty]
        )
        hits = [
            is_flagged(
                e, s, thresholds, deviations_of(s, f.samples, spec) if kind == "noise" else ()
            )
            for e, (s, f) in zip(evidence, faulty, strict=True)
        ]
        found[kind] = {"utterances": len(hits), "flagged": sum(hits)}
    return found


def main() -> int:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--component", type=Path, required=True)
    parser.add_argument("--novel", type=Path, default=HERE)
    parser.add_argument("--sentences", type=int, default=400)
    parser.add_argument("--acoustic", default="fastspeech2")
    parser.add_argument("--vocoder", help="by default each voice's own")
    parser.add_argument("--voices", default="", help="their names, by commas; by default all")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    settings = SynthesisSettings.from_environment()
    catalogue = settings.catalogue()
    engine = Engine(settings.artifacts_folder)
    component = read_component(options.component)
    recognize = load_recognizer(component, runtime="onnx", artifacts=settings.artifacts_folder)
    names = options.voices.split(",") if options.voices else list(catalogue.voices)
    cards = [catalogue.voice(name) for name in names]
    choices = [
        Choice(c.name, options.acoustic, options.vocoder or next(iter(c.vocoders))) for c in cards
    ]
    file, count = novel(options.novel), options.sentences
    figures: dict[str, Any] = {}
    thresholds = component.thresholds
    if options.write or thresholds is None:
        sentences = sentences_of(file, FOR_THRESHOLDS, count)
        speech = list(speak(engine, catalogue, choices, sentences))
        clips = [s.result.waveform.samples for s in speech]
        start = time.process_time()
        evidence = recognized(recognize, clips, [s.item for s in speech])
        seconds = sum(s.result.waveform.seconds for s in speech)
        figures["rtf"] = (time.process_time() - start) / seconds
        figures["per"] = phoneme_errors(evidence).rate
        pairs = [
            Choice(card.name, options.acoustic, vocoder)
            for card in cards
            for vocoder in card.vocoders
        ]
        few = sentences_of(file, FOR_THRESHOLDS, SENTENCES_OF_A_PAIR * len(pairs))
        every = [*speech, *speak(engine, catalogue, pairs, few)]
        spec = recognize.mel_spec
        thresholds = thresholds_of(
            evidence,
            (d for s in every for d in deviations_of(s, s.result.waveform.samples, spec)),
        )
    if options.write:
        card = msgspec.structs.replace(component, thresholds=thresholds)
        (options.component / "component.toml").write_text(component_toml(card), "utf-8")
    speech = list(speak(engine, catalogue, choices, sentences_of(file, FOR_FAULTS, count)))
    figures |= {"thresholds": msgspec.to_builtins(thresholds)}
    figures |= planted(recognize, speech, thresholds)
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
