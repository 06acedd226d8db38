"""Phonemes become the words that sound so and that a language model expects."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.recognition.ngrams import kneser_ney
from core.errors import InputError
from core.mel import Float32
from recognition.labels import BLANK, CHARACTERS, character_labels, gap_label
from recognition.language_model import NgramModel
from recognition.pronunciations import (
    LONGEST_WORD,
    english_pronunciations,
    pronunciation_tree,
)
from recognition.word_search import MOST_HYPOTHESES, FoundWord, Fusion, WordSearch

GAP = gap_label("house-ipa")
LABELS = 40
SOUNDS = {
    "the": b"\x08\x09",
    "cat": b"\x02\x03\x04",
    "cot": b"\x02\x05\x04",
    "sea": b"\x06\x07",
    "see": b"\x06\x07",
    "seat": b"\x06\x07\x04",
    "i": b"\x07",
    "eye": b"\x07",
    "saw": b"\x06\x05",
    "rare": b"\x0a\x03\x0a",
}
"""Word → labels of its phonemes."""
SENTENCES = [
    line.split()
    for line in ("the cat saw the sea", "i see the cat", "i saw the seat", "the eye saw")
]


def search_of(model: NgramModel | None = None, **weights: float) -> WordSearch:
    tree = pronunciation_tree({word: [sounds] for word, sounds in SOUNDS.items()})
    return WordSearch(tree, GAP, Fusion(model or kneser_ney(SENTENCES, 3), **weights))


def rows_of(frames: list[dict[int, float]], labels: int = LABELS) -> Float32:
    """Log-probabilities of frames, of which each names those that are not near 0."""
    rows = np.full((len(frames), labels), 1e-5)
    for row, frame in zip(rows, frames, strict=True):
        for label, share in frame.items():
            row[label] = share
    scores: Float32 = np.log(rows).astype(np.float32)
    return scores


def sounding(*words: bytes, gap: int = GAP) -> Float32:
    """Phonemes, each followed by a blank, and a gap after each word but the last."""
    frames = [{label: 0.98} for word in words for sound in (*word, gap) for label in (sound, BLANK)]
    return rows_of(frames[:-2])


def written(text: str, frames: int, first: int = 0) -> Float32:
    """Characters of a text, one a frame from one on."""
    labels = [*[BLANK] * first, *character_labels(text), *[BLANK] * frames][:frames]
    return rows_of([{label: 0.98} for label in labels], len(CHARACTERS))


def found(search: WordSearch, phonemes: Float32, text: str = "") -> list[str]:
    return [word.text for word in search.words(phonemes, written(text, len(phonemes)))]


def test_what_is_clear_stays_as_it_sounds() -> None:
    search = search_of()
    for text in ("the cat saw the cot", "cat cat the", "rare cot", "i"):
        assert found(search, sounding(*(SOUNDS[word] for word in text.split()))) == text.split()


def test_the_model_tells_words_of_one_sound_apart() -> None:
    search = search_of()
    for text in ("the cat saw the sea", "i see the cat", "the eye saw"):
        assert found(search, sounding(*(SOUNDS[word] for word in text.split()))) == text.split()


def test_the_model_decides_where_sounds_do_not() -> None:
    phonemes = sounding(*(SOUNDS[word] for word in ("the", "cot", "saw")))
    place = 2 * len(SOUNDS["the"]) + 2 + 2  # the vowel of "cot"
    phonemes[place, [5, 3]] = np.log([0.6, 0.4])
    assert found(search_of(), phonemes) == ["the", "cat", "saw"]
    assert found(search_of(alpha=0.999), phonemes) == ["the", "cot", "saw"]


def test_words_part_where_no_gap_sounds() -> None:
    together = SOUNDS["the"] + SOUNDS["cat"]
    assert found(search_of(), sounding(together, SOUNDS["saw"])) == ["the", "cat", "saw"]


def test_a_gap_inside_a_word_does_not_break_it() -> None:
    phonemes = sounding(b"\x02\x03", b"\x04", SOUNDS["saw"])  # "ca t saw"
    assert found(search_of(), phonemes) == ["cat", "saw"]


def test_an_unknown_word_is_spelled_by_ear() -> None:
    strange = bytes([20, 21, 22, 23, 24, 25])
    phonemes = sounding(SOUNDS["the"], strange, SOUNDS["saw"])
    words = search_of().words(phonemes, written("zorkle", len(phonemes), first=6))
    assert [word.text for word in words] == ["the", "zorkle", "saw"]
    assert found(search_of(), phonemes) == ["the", "saw"]  # nothing spells it


def test_words_have_the_frames_in_which_they_sound() -> None:
    phonemes = sounding(SOUNDS["the"], SOUNDS["cat"])
    silence = rows_of([{BLANK: 0.98}] * 5)
    late = np.concatenate((silence, phonemes, silence))
    words = search_of().words(late, written("", len(late)))
    assert words == [FoundWord("the", 5, 8), FoundWord("cat", 11, 16)]


def test_paths_that_sound_the_same_count_together() -> None:
    # Best path: nothing; but "i" has 1 - 0.55² = 0.6975.
    phonemes = rows_of([{BLANK: 0.55, 7: 0.45}] * 2)
    model = kneser_ney([["i"], []], 1)
    assert found(search_of(model, alpha=0.99, word_bonus=0.0), phonemes) == ["i"]


def test_nothing_in_nothing_out() -> None:
    search = search_of()
    for phonemes in (
        np.zeros((0, LABELS), np.float32),
        rows_of([{BLANK: 0.98}] * 300),
        rows_of([{GAP: 0.98}] * 300),
    ):
        assert found(search, phonemes) == []


def test_what_is_no_number_is_refused_and_what_is_impossible_is_not() -> None:
    phonemes = sounding(SOUNDS["the"], SOUNDS["cat"])
    certain = np.where(phonemes < -1.0, -np.inf, 0.0).astype(np.float32)
    assert found(search_of(), certain) == ["the", "cat"]
    assert found(search_of(), np.full((50, LABELS), -np.inf, np.float32)) is not None
    phonemes[3, 3] = np.nan
    with pytest.raises(InputError, match="no number"):
        found(search_of(), phonemes)


def test_noise_does_not_make_a_search_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    from recognition import word_search

    kept = list[int]()
    merged = word_search._merged

    def counted(parts: list[word_search._Hypotheses]) -> word_search._Hypotheses:
        kept.append(len(parts[0].node))
        return merged(parts)

    monkeypatch.setattr(word_search, "_merged", counted)
    random = np.random.default_rng(0).normal(0.0, 0.1, (400, LABELS))
    phonemes = (random - np.log(LABELS)).astype(np.float32)
    assert found(search_of(), phonemes, "a")
    assert len(kept) == 400
    assert max(kept) <= MOST_HYPOTHESES


def test_a_word_that_is_cut_off_is_not_lost() -> None:
    phonemes = sounding(SOUNDS["the"], SOUNDS["rare"][:2])
    words = search_of().words(phonemes, written("ra", len(phonemes), first=6))
    assert words[0].text == "the"
    assert len(words) == 2


def test_a_model_in_capitals_is_refused() -> None:
    with pytest.raises(InputError, match="lower-case letters"):
        search_of(kneser_ney([[word.upper() for word in line] for line in SENTENCES], 2))


def test_the_house_pronounces_a_models_words() -> None:
    endless, letters, foreign = "b" * 100_000, "b" * LONGEST_WORD, "naïve"
    sounds = english_pronunciations("house-ipa", [endless, letters, foreign, "rhapsodest", "'"])
    assert endless not in sounds
    assert foreign not in sounds
    assert all(sounds.get("rhapsodest", ()))
    assert len(sounds["read"]) == len(sounds["live"]) == 2
    assert sounds["sea"] == sounds["see"]
    assert not any(b"\0" in spelling for spellings in sounds.values() for spelling in spellings)


def test_a_tree_shares_beginnings() -> None:
    tree = pronunciation_tree({word: [sounds] for word, sounds in SOUNDS.items()} | {"mute": [b""]})
    assert len(tree.labels) == 1 + len(
        {sounds[:n] for sounds in SOUNDS.values() for n in range(1, len(sounds) + 1)}
    )
    scores = -np.arange(len(tree.words), dtype=np.float32)
    best = tree.best_below(scores)
    assert best[0] == 0.0
    for node in range(1, len(best)):
        assert best[node] <= best[tree.parents[node]]
        below = range(int(tree.first[node]), int(tree.first[node + 1]))
        assert all(tree.parents[child] == node for child in below)
    assert "mute" not in {tree.words[word] for word in tree.ended.tolist()}
