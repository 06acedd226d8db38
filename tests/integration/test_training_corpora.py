"""Corpora of the user's own: LJSpeech's layout with alignments."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from core.errors import ArtifactError, ArtifactMissing
from core.mel import MelSpec
from tests.synthetic_corpus import RATE, harmonic_tone
from training.data.prepare import prepare
from training.data.sources import Alignment, parts_of

SECONDS = [0.1, 0.2, 0.15, 0.05]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Two utterances of 0.6 s with 0.1 s of tone in front of the first symbol."""
    (tmp_path / "wavs").mkdir()
    rows, alignments = [], []
    for name, f0 in (("A-1", 120.0), ("A-2", 160.0)):
        soundfile.write(tmp_path / "wavs" / f"{name}.wav", harmonic_tone(f0, RATE * 6 // 10), RATE)
        rows.append(f'{name}|No. 1 "said"|number one "said"')
        aligned = Alignment(name, [" ", "ə", "t", " "], SECONDS, start=0.1, speaker="me")
        alignments.append(msgspec.json.encode(aligned))
    (tmp_path / "metadata.csv").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "alignments.jsonl").write_bytes(b"\n".join(alignments))
    return tmp_path


def test_an_aligned_corpus_is_prepared(own: Path, tmp_path: Path) -> None:
    out = tmp_path / "prepared"
    spec = MelSpec()
    prepared = prepare(own, out, spec, processes=1)
    assert prepared.speakers == ["me"]
    assert [e.text for e in prepared.entries] == ['number one "said"'] * 2
    first, second = prepared.entries
    edges = np.cumsum(first.durations)
    np.testing.assert_allclose(edges, np.cumsum(SECONDS) * spec.frames_per_second, atol=1.0)
    assert first.samples == round(0.5 * spec.sample_rate)
    assert edges[-1] == first.frames == first.samples // spec.hop_length
    assert first.pitch[1] == pytest.approx(120.0, rel=0.02)
    assert second.pitch[1] == pytest.approx(160.0, rel=0.02)
    assert second.audio_start == first.samples
    assert np.load(out / "mel.npy").shape == (first.frames + second.frames, 80)


def add_unaligned(own: Path) -> None:
    """A third utterance, text alone."""
    soundfile.write(own / "wavs" / "A-3.wav", harmonic_tone(140.0, RATE // 2), RATE)
    with (own / "metadata.csv").open("a", encoding="utf-8") as file:
        file.write("\nA-3|more|more")


def test_an_utterance_without_alignment_is_left_to_the_aligner(own: Path, tmp_path: Path) -> None:
    add_unaligned(own)
    prepared = prepare(own, tmp_path / "prepared", MelSpec(), processes=1)
    assert prepared.speakers == ["me"]
    assert [e.id for e in prepared.entries if not e.durations] == ["A-3"]


def test_of_several_speakers_it_is_named(own: Path) -> None:
    add_unaligned(own)
    other = Alignment("A-2", [" ", "ə", "t", " "], SECONDS, start=0.1, speaker="you")
    kept = (own / "alignments.jsonl").read_bytes().splitlines()[0]
    (own / "alignments.jsonl").write_bytes(kept + b"\n" + msgspec.json.encode(other))
    with pytest.raises(ArtifactError, match="no alignment of A-3, who may be me or you"):
        parts_of(own)


def test_an_alignment_past_the_audio_is_refused(own: Path) -> None:
    soundfile.write(own / "wavs" / "A-2.wav", harmonic_tone(160.0, RATE // 2), RATE)
    (job,) = parts_of(own)
    with pytest.raises(
        ArtifactError, match=r"A-2\.wav: 12000 samples, the alignment ends at 14400"
    ):
        list(job())


def test_a_folder_without_a_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing, match="no metadata"):
        parts_of(tmp_path)
