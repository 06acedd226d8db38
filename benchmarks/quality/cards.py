"""``python -m benchmarks.quality.cards``: writes measured quality into the cards of the voices."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.quality.check import SCORES
from benchmarks.quality.document import Document, read
from core.voice import VoiceCard, read_catalogue

VOICES = Path(__file__).resolve().parents[2] / "voices"
HEAD = "# benchmarks/quality/BASELINE.md: means over fifty held-out sentences.\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the end of every ``voice.toml``.

    Returns:
        Exit status, 0.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.cards", description=__doc__)
    parser.add_argument("scores", type=Path, nargs="?", default=SCORES, help="JSON of quality")
    parser.add_argument("--voices", type=Path, default=VOICES)
    options = parser.parse_args(arguments)
    scores = read(options.scores)
    for card in read_catalogue([options.voices]).voices.values():
        path = options.voices / card.name / "voice.toml"
        kept = path.read_text("utf-8").split(HEAD)[0].rstrip()
        sections = "\n".join(quality_sections(card, scores))
        path.write_text(f"{kept}\n\n{HEAD}{sections}", "utf-8")
    return 0


def quality_sections(card: VoiceCard, scores: Document) -> Iterator[str]:
    """Yields a TOML section for each pair that was measured.

    Args:
        card: card of the voice.
        scores: document of ``benchmarks.quality --json``; its held-out sentences are quoted.
    """
    measured = {
        (parts["acoustic"], parts["vocoder"]): system["sets"]["held-out"]
        for system in scores["systems"].values()
        if (parts := system["parts"]).get("voice") == card.name and "sets" in system
    }
    for acoustic, model in card.acoustic.items():
        for vocoder, component in card.vocoders.items():
            if scored := measured.get((model, component)):
                figures = "".join(f"{n} = {v:g}\n" for n, v in _figures(scored).items())
                yield f'[quality."{acoustic}"."{vocoder}"]\n{figures}'


def _figures(scores: Document) -> dict[str, float]:
    mos = {name: round(figure["value"], 2) for name, figure in scores["predicted_mos"].items()}
    wanted = ("dnsmos_ovrl", "dnsmos_p808", "distill_mos")
    wer = round(100.0 * scores["wer"]["value"], 1)
    return {"wer_percent": wer} | {name: mos[name] for name in wanted if name in mos}


if __name__ == "__main__":
    sys.exit(main())
