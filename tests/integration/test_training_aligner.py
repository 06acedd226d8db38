"""The aligner: it finds what each symbol sounds like, resumes exactly, and feeds FastSpeech 2."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
import torch

from core.errors import ArtifactError
from core.mel import MelSpec
from tests.hummed_corpus import RATE, hum, run
from training.aligner import AlignerRecipe
from training.aligner_network import AlignerConfig
from training.boundaries import compare, errors_of, score
from training.corpus import Entry, Prepared, is_held_out, read_prepared
from training.main import main
from training.prepare import prepare
from training.speech import Plan, Speech

SPEC = MelSpec()
TINY = AlignerConfig(n_symbols=78, n_speakers=2, channels=24)
LETTERS = ["ə", "t", "ˈɛ", "n", "s"]


def build(corpus: Path, *, total_steps: int = 6, batch: int = 300) -> AlignerRecipe:
    """A tiny aligner."""
    return AlignerRecipe(Speech(corpus), TINY, Plan(total_steps=total_steps, batch=batch))


def coloured(out: Path) -> Path:
    """A prepared corpus in which every symbol has a band of the mel to itself."""
    rng, entries, mels = np.random.default_rng(0), [], []
    at = 0
    for number in range(60):
        name = f"C{number:03d}"
        said = [" ", *rng.permutation(LETTERS * 2).tolist(), " "]
        # Where one symbol follows itself no boundary can be heard.
        said = [b for a, b in pairwise(["", *said]) if a != b]
        durations = rng.integers(2, 12, len(said)).tolist()
        bands = np.repeat([8 * (1 + LETTERS.index(s)) if s != " " else 0 for s in said], durations)
        mel = rng.normal(-8.0, 0.3, (len(bands), 80))
        for k in range(8):
            mel[np.arange(len(bands)), bands + k] += 5.0
        mels.append(mel)
        none = [0.0] * len(said)
        clip = (at * 256, len(bands) * 256)
        place = (*clip, at, len(bands))
        entries.append(Entry(name, 0, "", said, durations, none, none, *place))
        at += len(bands)
    out.mkdir()
    np.save(out / "mel.npy", np.concatenate(mels).astype(np.float16))
    np.save(out / "audio.npy", np.zeros(at * 256, np.int16))
    (out / "index.json").write_bytes(msgspec.json.encode(Prepared(SPEC, ["band"], entries)))
    return out


def test_the_aligner_finds_where_the_symbols_are(tmp_path: Path) -> None:
    corpus = coloured(tmp_path / "coloured")
    recipe = build(corpus, total_steps=150, batch=1500)
    for number in range(1, 151):
        recipe.step(number)
    with recipe.learner.averaged():
        found = recipe.durations(recipe.speech.held_out)
    for entry, durations in zip(recipe.speech.held_out, found, strict=True):
        assert np.abs(np.cumsum(durations) - np.cumsum(entry.durations)).max() <= 1


def test_padding_changes_no_alignment(hummed: Path) -> None:
    recipe = build(hummed)
    recipe.network.eval()
    entries = sorted(recipe.speech.train_set, key=lambda e: e.frames)
    assert entries[0].frames < entries[-1].frames
    together = recipe.scores(recipe.collate(entries))
    for row, entry in zip(together, entries, strict=True):
        alone = recipe.scores(recipe.collate([entry]))[0]
        torch.testing.assert_close(row[: entry.frames, : 2 * len(entry.phonemes)], alone)


def test_the_aligner_resumes_exactly(hummed: Path, tmp_path: Path) -> None:
    whole, first, second = (build(hummed) for _ in range(3))
    run(whole, tmp_path / "whole", 6)
    run(first, tmp_path / "halves", 4)
    run(second, tmp_path / "halves", 6)
    a, b = whole.state(), second.state()
    for part in ("network", "average"):
        for key in a[part]:
            np.testing.assert_array_equal(a[part][key], b[part][key], err_msg=f"{part} {key}")


def test_the_binarization_loss_comes_late(hummed: Path) -> None:
    recipe = build(hummed, total_steps=8)
    told = [recipe.step(n) for n in range(1, 9)]
    assert [("binarization" in t) for t in told] == [False] * 4 + [True] * 4
    assert [recipe.binary_weight(n) for n in (4, 5, 6, 8)] == [0.0, 0.5, 1.0, 1.0]


@pytest.fixture
def ljspeech(tmp_path: Path) -> Path:
    """Eight wave files and their text, one of them held out; nobody knows durations."""
    corpus = tmp_path / "own"
    (corpus / "wavs").mkdir(parents=True)
    names = [f"T{n:04d}" for n in range(400)]
    held = [n for n in names if is_held_out(n)][:1]
    rows = []
    for name in [*[n for n in names if not is_held_out(n)][:7], *held]:
        soundfile.write(corpus / "wavs" / f"{name}.wav", hum(140.0, RATE), RATE)
        rows.append(f"{name}|No. 1|Yes. No!")
    (corpus / "metadata.csv").write_text("\n".join(rows), encoding="utf-8")
    return corpus


def test_from_waves_and_text_to_fastspeech2(ljspeech: Path, tmp_path: Path) -> None:
    out, aligner = tmp_path / "prepared", tmp_path / "aligner"
    prepared = prepare(ljspeech, out, SPEC, processes=1)
    assert prepared.entries[0].phonemes == [" ", "j", "ˈɛ", "s", ".", " ", "n", "ˈoʊ", "!", " "]
    assert all(e.durations == e.pitch == e.energy == [] for e in prepared.entries)
    shared = ["--corpus", str(out), "--device", "cpu"]
    short = [*shared, "--minutes", "60", "--steps", "1", "--validate-every", "1"]
    acoustic = ["fastspeech2", *short, "--batch", "200", "--out", str(tmp_path / "fastspeech2")]
    with pytest.raises(ArtifactError, match="rhapsode train align"):
        main(acoustic)
    main(["aligner", *short, "--batch", "300", "--out", str(aligner)])
    finding = ["align", *shared, "--batch", "300", "--run", str(aligner), "--processes", "1"]
    main(finding)
    for e in read_prepared(out).entries:
        assert sum(e.durations) == e.frames
        assert len(e.durations) == len(e.pitch) == len(e.energy) == len(e.phonemes)
        assert max(e.pitch) == pytest.approx(140.0, rel=0.02)
    main(acoustic)
    with pytest.raises(ArtifactError, match="has durations already"):
        main(finding)


def test_another_folder_gets_the_durations(
    hummed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (hummed / "index.json").read_bytes()
    aligner, out = tmp_path / "aligner", tmp_path / "aligned"
    shared = ["--corpus", str(hummed), "--device", "cpu", "--batch", "300", "--speaker", "male"]
    main(["aligner", *shared, "--steps", "1", "--out", str(aligner)])
    main(["align", *shared, "--run", str(aligner), "--out", str(out), "--processes", "1"])
    assert (hummed / "index.json").read_bytes() == before
    teacher, aligned = read_prepared(hummed), read_prepared(out)
    for old, new in zip(teacher.entries, aligned.entries, strict=True):
        assert (old == new) == (teacher.speakers[old.speaker] == "female")
    capsys.readouterr()
    main(["boundaries", str(out), "--corpus", str(hummed), "--speaker", "male"])
    told = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert told["utterances"] == "4"
    assert 0.0 <= float(told["within_25_ms"]) <= float(told["within_50_ms"]) <= 1.0
    assert compare(teacher, aligned, speaker="female").within_25_ms == 1.0


def test_boundaries_are_counted_on_phonemes_alone() -> None:
    entry = Entry("A", 0, "", [" ", "ə", "t", ".", " "], [4, 5, 6, 7, 8], [], [], 0, 0, 0, 30)
    errors = errors_of(entry, [4, 7, 1, 10, 8])
    np.testing.assert_array_equal(errors.starts, [0, 2])
    np.testing.assert_array_equal(errors.ends, [2, -3])
    agreement = score([errors], SPEC)
    assert (agreement.utterances, agreement.phonemes) == (1, 2)
    assert agreement.within_25_ms == 0.75
    assert agreement.within_50_ms == 1.0
    assert agreement.both_within_25_ms == 0.5
    assert agreement.mean_error_ms == pytest.approx(7 / 4 * 256 / 22.05)
    with pytest.raises(ArtifactError, match="A: 2 durations, 5 known"):
        errors_of(entry, [1, 2])


def test_too_short_a_recording_is_named(hummed: Path) -> None:
    speech = Speech(hummed)
    short = msgspec.structs.replace(speech.train_set[3], frames=5)
    speech.train_set[3] = short
    with pytest.raises(ArtifactError, match=f"{short.id}: 5 frames, 7 symbols need 14"):
        AlignerRecipe(speech, TINY, Plan(total_steps=1, batch=100))
