"""Measures what a retry mends, and what the check costs: the same sentences with and without.

python -m benchmarks.recognition.retry --acoustic tacotron2

All voices that have the acoustic model take turns.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.choices import Choice
from benchmarks.load.novel import HERE, novel
from benchmarks.recognition.speech import FOR_FAULTS, SampledUtterance, sentences_of, speak
from core.recognition import CheckMode
from synthesis.engine import Engine
from synthesis.settings import SynthesisSettings

MODES: tuple[CheckMode, ...] = ("report", "retry")


def figures_of(speech: Sequence[SampledUtterance]) -> dict[str, Any]:
    """Returns what was flagged in checked speech, and what the check and the rest cost."""
    results = [sample.result for sample in speech]
    checks = [result.check for result in results if result.check]
    check_seconds = sum(check.seconds for check in checks)
    synthesis_seconds = sum(result.stage_seconds.total for result in results)
    return {
        "utterances": len(results),
        "words": sum(len(check.confidences) for check in checks),
        "flagged_words": sum(len(check.findings) for check in checks),
        "flagged_utterances": sum(bool(check.findings) for check in checks),
        "retried": sum(
            any(notice.code == "anomaly_retried" for notice in result.notices) for result in results
        ),
        "check_share_of_synthesis": check_seconds / synthesis_seconds,
        "check_rtf": check_seconds / sum(result.waveform.seconds for result in results),
        "synthesis_rtf": synthesis_seconds / sum(result.waveform.seconds for result in results),
    }


def main() -> int:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--novel", type=Path, default=HERE)
    parser.add_argument("--sentences", type=int, default=100)
    parser.add_argument("--acoustic", default="tacotron2")
    parser.add_argument("--vocoder", help="By default each voice's first.")
    options = parser.parse_args()
    settings = SynthesisSettings.from_environment()
    catalogue = settings.catalogue()
    engine = Engine(settings.artifacts_folder, monotonic=time.process_time)
    choices = [
        Choice(card.name, options.acoustic, options.vocoder or next(iter(card.vocoders)))
        for card in catalogue.voices.values()
        if options.acoustic in card.acoustic
    ]
    sentences = sentences_of(novel(options.novel), FOR_FAULTS, options.sentences)
    figures = {
        mode: figures_of([*speak(engine, catalogue, choices, sentences, mode)]) for mode in MODES
    }
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
