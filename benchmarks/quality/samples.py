"""``python -m benchmarks.quality.samples``: a sentence of every voice and pair, as docs/samples.

One may hear a voice before installing anything; ``docs/choosing.md`` links the files.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from audio.encode import AudioEncoder
from audio.resample import resample
from benchmarks.choices import Choice, choices
from benchmarks.pipeline import Pipeline, StageClock, joined
from benchmarks.quality.markers import replace_between
from benchmarks.quality.page import PAGE
from core.mel import Float32
from core.voice import Catalogue
from synthesis.settings import SynthesisSettings

SENTENCE = (
    "The last train had left at eleven; so we walked home, and talked of nothing but the sea."
)
RATE = 24_000
"""Opus carries no 22 050 Hz."""
BIT_RATE = 40_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes a file of every pair in the catalogue, or of some, and the table of all files.

    Returns:
        Exit status, 0.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.samples")
    parser.add_argument("--page", type=Path, default=PAGE, help="links are written there")
    parser.add_argument("--pairs", default="*", help="pattern, as 'clara tacotron2 × *'")
    options = parser.parse_args(arguments)
    settings = SynthesisSettings.from_environment()
    catalogue = settings.catalogue()
    folder = options.page.parent / "samples"
    folder.mkdir(exist_ok=True)
    offered = choices(catalogue)
    for choice in (c for c in offered if fnmatch(c.name, options.pairs)):
        samples = _speech(catalogue, choice, settings.artifacts_folder)
        with AudioEncoder(
            folder / file_name(choice), "opus", RATE, len(samples), bit_rate=BIT_RATE
        ) as encoder:
            encoder.write(samples)
    written = [choice for choice in offered if (folder / file_name(choice)).exists()]
    replace_between(options.page, "samples", sample_table(written))
    return 0


def file_name(choice: Choice) -> str:
    """Returns the name of a pair's sample.

    >>> file_name(Choice("clara", "fastspeech2", "vocos"))
    'clara-fastspeech2-vocos.opus'
    """
    return f"{choice.voice}-{choice.acoustic}-{choice.vocoder}.opus"


def sample_table(offered: Sequence[Choice]) -> str:
    """Returns a row per voice and acoustic model, with a link per vocoder.

    >>> print(sample_table([Choice("clara", "fastspeech2", "vocos")]))
    | voice, acoustic model | through |
    |---|---|
    | clara fastspeech2 | [vocos](samples/clara-fastspeech2-vocos.opus) |
    """
    rows: dict[str, list[str]] = {}
    for choice in offered:
        link = f"[{choice.vocoder}](samples/{file_name(choice)})"
        rows.setdefault(f"{choice.voice} {choice.acoustic}", []).append(link)
    lines = ["| voice, acoustic model | through |", "|---|---|"]
    return "\n".join(
        [*lines, *(f"| {name} | {' · '.join(links)} |" for name, links in rows.items())]
    )


def _speech(catalogue: Catalogue, choice: Choice, artifacts: Path) -> Float32:
    """Returns the sentence at ``RATE``."""
    pipeline = Pipeline(catalogue, choice, artifacts)
    (pieces,) = pipeline.speak([SENTENCE], StageClock())
    return resample(joined(pieces, pipeline.sample_rate), pipeline.sample_rate, RATE)


if __name__ == "__main__":
    sys.exit(main())
