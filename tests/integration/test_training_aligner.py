"""The aligner: it learns from many or few known durations, resumes, and feeds FastSpeech 2."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
import safetensors.torch
import soundfile
import torch

from core.errors import ArtifactError, ArtifactMissing, CheckpointError, SpecMismatch
from core.mel import MelSpec
from core.voice import Provenance
from tests.synthetic_corpus import RATE, harmonic_tone, main, run
from text.g2p.symbols import symbol_table
from training.aligner.align import quiet_edges
from training.aligner.alignment_eval import compare, errors_of, score
from training.aligner.augment import augment
from training.aligner.file import BUILT_IN, AlignerCard, read_aligner, require_fit, write_aligner
from training.aligner.network import Aligner, AlignerConfig
from training.aligner.recipe import AlignerRecipe, known_loss, scores_of
from training.data.collate import collate
from training.data.corpus import CorpusEntry, PreparedCorpus, is_held_out, read_prepared
from training.data.dataset import SpeechDataset
from training.data.prepare import prepare
from training.recipe import TrainingPlan

SPEC = MelSpec()
TINY = AlignerConfig(n_symbols=78, channels=24)
LETTERS = ["ə", "t", "ˈɛ", "n", "s"]


def build(corpus: Path, *, total_steps: int = 6, batch: int = 300) -> AlignerRecipe:
    """A tiny aligner."""
    return AlignerRecipe(
        SpeechDataset(corpus), TINY, TrainingPlan(total_steps=total_steps, batch=batch)
    )


def coloured(out: Path) -> Path:
    """A prepared corpus in which every symbol has a band of the mel to itself."""
    rng, entries, mels = np.random.default_rng(0), [], []
    at = 0
    for number in range(60):
        name = f"C{number:03d}"
        symbols = [" ", *rng.permutation(LETTERS * 2).tolist(), " "]
        # Where one symbol follows itself no boundary can be found.
        symbols = [b for a, b in pairwise(["", *symbols]) if a != b]
        durations = rng.integers(2, 12, len(symbols)).tolist()
        bands = np.repeat(
            [8 * (1 + LETTERS.index(s)) if s != " " else 0 for s in symbols], durations
        )
        mel = rng.normal(-8.0, 0.3, (len(bands), 80))
        for k in range(8):
            mel[np.arange(len(bands)), bands + k] += 5.0
        mels.append(mel)
        none = [0.0] * len(symbols)
        clip = (at * 256, len(bands) * 256)
        place = (*clip, at, len(bands))
        entries.append(CorpusEntry(name, 0, "", symbols, durations, none, none, *place))
        at += len(bands)
    out.mkdir()
    np.save(out / "mel.npy", np.concatenate(mels).astype(np.float16))
    np.save(out / "audio.npy", np.zeros(at * 256, np.int16))
    (out / "index.json").write_bytes(msgspec.json.encode(PreparedCorpus(SPEC, ["band"], entries)))
    return out


def hidden(corpus: Path, *, whose: Callable[[CorpusEntry], bool]) -> Path:
    """The corpus, once it has forgotten durations."""
    prepared = read_prepared(corpus)
    nothing: dict[str, list[int]] = {"durations": [], "pitch": [], "energy": []}
    entries = [msgspec.structs.replace(e, **nothing) if whose(e) else e for e in prepared.entries]
    index = msgspec.structs.replace(prepared, entries=entries)
    (corpus / "index.json").write_bytes(msgspec.json.encode(index))
    return corpus


def furthest(recipe: AlignerRecipe, known: PreparedCorpus) -> int:
    """Largest error of a boundary in the held-out part [frames]."""
    entries = {e.id: e for e in known.entries}
    held_out, errors = recipe.speech.held_out, []
    with recipe.learner.averaged():
        for e, found in zip(held_out, recipe.durations(held_out), strict=True):
            errors.append(np.abs(np.cumsum(found) - np.cumsum(entries[e.id].durations)).max())
    return int(max(errors))


def test_known_durations_are_learnt_to_the_frame(tmp_path: Path) -> None:
    corpus = coloured(tmp_path / "coloured")
    recipe = build(corpus, total_steps=60, batch=1500)
    losses = [recipe.step(number) for number in range(1, 61)]
    assert all(t.keys() == {"known"} for t in losses)
    assert furthest(recipe, read_prepared(corpus)) <= 1


def test_without_any_there_is_nothing_to_learn_from(tmp_path: Path) -> None:
    corpus = hidden(coloured(tmp_path / "coloured"), whose=lambda e: not is_held_out(e.id))
    with pytest.raises(ArtifactError, match="no known durations to learn from"):
        build(corpus)


def test_a_few_known_durations_are_enough(tmp_path: Path) -> None:
    corpus = coloured(tmp_path / "coloured")
    known = read_prepared(corpus)
    hidden(corpus, whose=lambda e: int(e.id[1:]) % 4 > 0)
    recipe = build(corpus, total_steps=60, batch=1500)
    losses = [recipe.step(number) for number in range(1, 61)]
    assert any(t.keys() == {"known", "hidden"} for t in losses)
    assert furthest(recipe, known) <= 1


def test_a_known_loss_is_a_log_probability() -> None:
    """Three frames, two symbols: two alignments; the known one has its share of both."""
    scores = torch.tensor([[[0.9, 0.1], [0.6, 0.4], [0.1, 0.9]]]).log()
    table = symbol_table("house-ipa")
    entry = CorpusEntry("A", 0, "", LETTERS[:2], [2, 1], [], [], 0, 0, 0, 3)
    batch = collate([entry], [np.zeros((3, 80), np.float32)], table)
    expected = -np.log(0.6 / (0.6 + 0.4)) / 3
    assert float(known_loss(scores, batch)) == pytest.approx(expected, rel=1e-4)


def test_augmentation_moves_nothing_in_time() -> None:
    draw = np.random.default_rng(0)
    mel = np.full((40, 80), -11.5, np.float32)
    mel[10:20, 30:40] = 0.0
    for _ in range(20):
        loud = augment(mel, draw).max(1) > -1.0
        np.testing.assert_array_equal(np.flatnonzero(loud), np.arange(10, 20))


def test_padding_changes_no_alignment(synthetic_corpus: Path) -> None:
    recipe = build(synthetic_corpus)
    recipe.network.eval()
    entries = sorted(recipe.speech.train_set, key=lambda e: e.frames)
    assert entries[0].frames < entries[-1].frames
    together = scores_of(recipe.network, recipe.collate(entries))
    for row, entry in zip(together, entries, strict=True):
        alone = scores_of(recipe.network, recipe.collate([entry]))[0]
        torch.testing.assert_close(row[: entry.frames, : len(entry.phonemes)], alone)


def test_the_aligner_resumes_exactly(synthetic_corpus: Path, tmp_path: Path) -> None:
    whole, first, second = (build(synthetic_corpus) for _ in range(3))
    run(whole, tmp_path / "whole", 6)
    run(first, tmp_path / "halves", 4)
    run(second, tmp_path / "halves", 6)
    a, b = whole.state(), second.state()
    for part in ("network", "average"):
        for key in a[part]:
            np.testing.assert_array_equal(a[part][key], b[part][key], err_msg=f"{part} {key}")


def test_an_aligner_is_one_file(tmp_path: Path) -> None:
    provenance = Provenance(source="synthetic_corpus", licence="CC0-1.0")
    card = AlignerCard(config=TINY, mel=SPEC, symbols="house-ipa", provenance=provenance)
    weights = Aligner(TINY).state_dict()
    path = tmp_path / "tiny.safetensors"
    write_aligner(path, card, weights)
    found, network = read_aligner(path)
    assert found == card
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, weights[key], rtol=1e-3, atol=1e-4)
    require_fit(found, SPEC, "house-ipa")
    with pytest.raises(SpecMismatch, match="hop_length"):
        require_fit(found, MelSpec(hop_length=300), "house-ipa")
    with pytest.raises(ArtifactError, match="not 'arpabet'"):
        require_fit(found, SPEC, "arpabet")


def test_what_is_no_aligner_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing, match="no aligner"):
        read_aligner(tmp_path / "none.safetensors")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no weights")
    with pytest.raises(CheckpointError, match="is no aligner"):
        read_aligner(broken)
    safetensors.torch.save_file({"weight": torch.zeros(1)}, broken)
    with pytest.raises(CheckpointError, match="is no aligner"):
        read_aligner(broken)
    card, _ = read_aligner(BUILT_IN)
    with pytest.raises(CheckpointError, match="size mismatch"):
        write_aligner(broken, card, Aligner(TINY).state_dict())


@pytest.fixture
def ljspeech(tmp_path: Path) -> Path:
    """Eight wave files and their text, one of them held out; nobody knows durations."""
    corpus = tmp_path / "own"
    (corpus / "wavs").mkdir(parents=True)
    names = [f"T{n:04d}" for n in range(400)]
    held = [n for n in names if is_held_out(n)][:1]
    rows = []
    for name in [*[n for n in names if not is_held_out(n)][:7], *held]:
        soundfile.write(corpus / "wavs" / f"{name}.wav", harmonic_tone(140.0, RATE), RATE)
        rows.append(f"{name}|No. 1|Yes. No!")
    (corpus / "metadata.csv").write_text("\n".join(rows), encoding="utf-8")
    return corpus


def test_from_waves_and_text_to_fastspeech2(ljspeech: Path, tmp_path: Path) -> None:
    out = tmp_path / "prepared"
    prepared = prepare(ljspeech, out, SPEC, processes=1)
    assert prepared.entries[0].phonemes == [" ", "j", "ˈɛ", "s", ".", " ", "n", "ˈoʊ", "!", " "]
    assert all(e.durations == e.pitch == e.energy == [] for e in prepared.entries)
    shared = ["--corpus", str(out), "--device", "cpu"]
    short = [*shared, "--minutes", "60", "--steps", "1", "--validate-every", "1"]
    acoustic = ["fastspeech2", *short, "--batch", "200", "--out", str(tmp_path / "fastspeech2")]
    with pytest.raises(ArtifactError, match="rhapsode train align"):
        main(acoustic)
    with pytest.raises(ArtifactError, match="no known durations to learn from"):
        main(["aligner", *short])
    finding = ["align", *shared, "--processes", "1"]
    main(finding)
    for e in read_prepared(out).entries:
        assert sum(e.durations) == e.frames
        assert len(e.durations) == len(e.pitch) == len(e.energy) == len(e.phonemes)
        assert max(e.pitch) == pytest.approx(140.0, rel=0.02)
    main(acoustic)
    with pytest.raises(ArtifactError, match="has all durations already"):
        main(finding)
    with pytest.raises(ArtifactError, match="write into another folder"):
        main([*finding, "--anew"])


def test_silence_at_the_ends_is_the_gaps() -> None:
    draw = np.random.default_rng(0)
    speech = draw.normal(-4.0, 1.0, (100, 80)).astype(np.float32)
    room = draw.normal(-9.0, 0.4, (300, 80)).astype(np.float32)
    mel = np.concatenate([room[:200], speech, room[200:]])
    assert quiet_edges(mel, 10) == (180, 80)
    assert quiet_edges(mel, 141) == (0, 0)
    assert quiet_edges(speech, 10) == (0, 0)
    assert quiet_edges(np.full((50, 80), -11.5, np.float32), 10) == (0, 0)


def test_known_durations_stay(tmp_path: Path) -> None:
    corpus = coloured(tmp_path / "coloured")
    known = read_prepared(corpus).entries
    hidden(corpus, whose=lambda e: e.id > "C040")
    main(["align", "--corpus", str(corpus), "--device", "cpu", "--processes", "1"])
    for old, new in zip(known, read_prepared(corpus).entries, strict=True):
        assert sum(new.durations) == new.frames
        assert (new == old) == (old.id <= "C040")


def test_another_folder_gets_the_durations(
    synthetic_corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (synthetic_corpus / "index.json").read_bytes()
    folder, file, out = tmp_path / "run", tmp_path / "own.safetensors", tmp_path / "aligned"
    shared = ["--corpus", str(synthetic_corpus), "--speaker", "male"]
    checkpoint = ["--checkpoint", str(folder / "checkpoint.pt"), "--hardware", "one core"]
    own = ["--aligner", str(file), "--anew", "--out", str(out), "--processes", "1"]
    main(["aligner", *shared, "--device", "cpu", "--steps", "1", "--out", str(folder)])
    main(["publish", "aligner", str(file), *shared, *checkpoint])
    main(["align", *shared, "--device", "cpu", *own])
    assert (synthetic_corpus / "index.json").read_bytes() == before
    teacher, aligned = read_prepared(synthetic_corpus), read_prepared(out)
    for old, new in zip(teacher.entries, aligned.entries, strict=True):
        assert (old == new) == (teacher.speakers[old.speaker] == "female")
    capsys.readouterr()
    main(["evaluate-alignment", str(out), *shared])
    printed = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert printed["utterances"] == "4"
    assert 0.0 <= float(printed["within_25_ms"]) <= float(printed["within_50_ms"]) <= 1.0
    assert compare(teacher, aligned, speaker="female").within_25_ms == 1.0
    assert compare(teacher, aligned, held_out=True).utterances == 2
    card, network = read_aligner(file)
    assert card.provenance.steps == 1
    assert card.provenance.trained_on.endswith("speakers male")
    # One step at a rate of 1/30 of the peak: still near the built-in one, which it began with.
    theirs = read_aligner(BUILT_IN)[1].state_dict()
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, theirs[key], rtol=0.01, atol=1e-3)


def test_boundaries_are_counted_on_phonemes_alone() -> None:
    entry = CorpusEntry("A", 0, "", [" ", "ə", "t", ".", " "], [4, 5, 6, 7, 8], [], [], 0, 0, 0, 30)
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


def test_too_short_a_recording_is_named(synthetic_corpus: Path) -> None:
    speech = SpeechDataset(synthetic_corpus)
    short = msgspec.structs.replace(speech.train_set[3], frames=5)
    speech.train_set[3] = short
    with pytest.raises(ArtifactError, match=f"{short.id}: 5 frames for 7 symbols"):
        AlignerRecipe(speech, TINY, TrainingPlan(total_steps=1, batch=100))
