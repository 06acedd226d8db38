"""The cards of voices quote what the bench measured."""

from __future__ import annotations

import shutil
from itertools import product
from pathlib import Path

from benchmarks.quality.cards import HEAD, VOICES
from benchmarks.quality.cards import main as cards
from benchmarks.quality.check import BANDS
from benchmarks.quality.document import read, write
from benchmarks.quality.page import HEADS, PAGE
from core.voice import read_catalogue
from tests.unit.test_bench_bands import run

CARD = """name = "v"
title = "V"
description = "A test."
language = "en-us"
gender = "neutral"
licence = "CC0-1.0"
provenance = "A test."

[acoustic]
fast = "a"
slow = "never-measured"

[vocoders]
"smooth.1" = "b"
"""


def test_a_card_quotes_the_run_by_the_names_of_requests(tmp_path: Path) -> None:
    for name in ("a", "never-measured", "b"):
        shutil.copytree(VOICES / "components" / "hifigan-light", tmp_path / "components" / name)
        part = tmp_path / "components" / name / "component.toml"
        part.write_text(part.read_text().replace("hifigan-light", name))
    card = tmp_path / "v" / "voice.toml"
    card.parent.mkdir()
    card.write_text(f"{CARD}\n{HEAD}[quality.old.pair]\nwer_percent = 99.0\n")
    write(tmp_path / "scores.json", run())
    for _ in range(2):  # the second time nothing changes
        assert cards([str(tmp_path / "scores.json"), "--voices", str(tmp_path)]) == 0
        quality = read_catalogue([tmp_path]).voice("v").quality
        assert quality == {"fast": {"smooth.1": {"wer_percent": 5.0, "distill_mos": 3.25}}}
    assert card.read_text().startswith(CARD)


def test_the_shipped_cards_quote_the_bands() -> None:
    bands = read(BANDS)["systems"]
    for card in read_catalogue([VOICES]).voices.values():
        pairs = [*product(card.acoustic, card.vocoders)]
        assert f"{card.name} {pairs[0][0]} × {pairs[0][1]}" in bands, "the default is measured"
        for acoustic, vocoder in pairs:
            band = bands.get(f"{card.name} {acoustic} × {vocoder}")
            figures = card.quality.get(acoustic, {}).get(vocoder)
            # What was not measured with the weights that ship has no figures.
            assert (figures is None) == (band is None)
            if figures is None or band is None:
                continue
            assert figures["wer_percent"] == round(100 * band["held-out/wer"]["centre"], 1)
            assert figures["distill_mos"] == round(band["held-out/distill_mos"]["centre"], 2)


def test_the_shipped_cards_quote_the_table_of_speeds() -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text("utf-8").splitlines()]
    table = {row[0]: row[1:] for row in rows if len(row) == len(HEADS)}
    for card in read_catalogue([VOICES]).voices.values():
        default = next(iter(card.acoustic)), next(iter(card.vocoders))
        assert card.speed[default[0]][default[1]], "the default is measured"
        for acoustic, vocoders in card.speed.items():
            for vocoder, figures in vocoders.items():
                row = table[f"{card.name} {acoustic} × {vocoder}"]
                assert (figures["rtf"], figures["times_piper"]) == (float(row[0]), float(row[2]))
