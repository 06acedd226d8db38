"""What recognizers are trained to tell apart, and how their output is read."""

from __future__ import annotations

import numpy as np

from recognition.decoding import best_path, count_errors
from recognition.labels import (
    BLANK,
    character_labels,
    gap_label,
    label_of_symbol,
    least_slots,
    phoneme_labels,
)
from text.g2p.symbols import SYMBOL_TABLES, symbol_table
from training.recipes.word_edits import edit_words, word_runs


def test_every_symbol_has_a_label_and_padding_alone_is_the_blank() -> None:
    for name in SYMBOL_TABLES:
        table, labels = symbol_table(name), label_of_symbol(name)
        assert len(labels) == len(table.symbols)
        assert [i for i, label in enumerate(labels) if label == BLANK] == [0]


def test_stress_is_no_label_of_its_own() -> None:
    table = symbol_table("house-ipa")
    labels = label_of_symbol("house-ipa")
    kinds = {table.symbols[label] for label in labels}
    assert not [symbol for symbol in kinds if symbol[0] in "ˈˌ"]
    assert {"ˈæ", "æ"} <= set(table.symbols)
    assert labels[table.ids(["ˈæ"])[0]] == labels[table.ids(["æ"])[0]]


def test_punctuation_and_gaps_are_one_gap() -> None:
    ids = symbol_table("house-ipa").ids([" ", "n", "ˈoʊ", ",", " ", "n", "."])
    labels = phoneme_labels(ids, "house-ipa")
    assert labels.count(gap_label("house-ipa")) == 1
    assert len(labels) == 4


def test_a_text_without_letters_has_no_character_labels() -> None:
    assert character_labels(" - … ") == []


def test_the_best_path_needs_as_many_frames_as_least_slots() -> None:
    labels = [5, 5, 5, 7]
    frames = [5, BLANK, 5, BLANK, 5, 7]
    assert len(frames) == least_slots(labels)
    assert best_path(np.eye(8, dtype=np.float32)[frames]) == labels


def test_errors_are_counted_by_kind() -> None:
    assert count_errors("abc", "").deletions == 3
    assert count_errors("", "abc").insertions == 3
    assert count_errors("abc", "axc").substitutions == 1
    assert (count_errors("ab", "ab") + count_errors("cd", "c")).rate == 0.25


def test_edits_of_words_change_mel_and_symbols_alike() -> None:
    symbols = [" ", "ə", " ", "t", "ˈɛ", " ", "s", "."]
    durations = [2, 3, 1, 4, 5, 2, 6, 3]
    number = {symbol: i for i, symbol in enumerate(symbols[1:], 1)}
    rows = np.repeat(np.arange(len(symbols)), durations)
    mel = np.repeat(rows[:, None], 4, 1).astype(np.float32)
    assert [tuple(word)[:2] for word in word_runs(symbols, durations)] == [(1, 2), (3, 5), (6, 7)]
    kinds = set()
    for seed in range(20):
        edited, kept, lengths = edit_words(mel, symbols, durations, np.random.default_rng(seed))
        kinds.add(len(kept))
        assert sum(lengths) == len(edited)
        frames = [int(row) for row in edited[:, 0]]
        order = [a for a, b in zip(frames, [-1, *frames], strict=False) if a != b]
        letters = [i for i in order if symbols[i].strip(" .")]
        # A repeated row at a seam is one run here; a repeated word has a gap between.
        assert letters == [number[s] for s in kept if s.strip(" .")]
    assert kinds == {5, 8, 11}  # dropped, exchanged, repeated


def test_short_utterances_are_not_edited() -> None:
    mel = np.zeros((6, 4), np.float32)
    same, symbols, _ = edit_words(mel, [" ", "ə", "."], [1, 4, 1], np.random.default_rng(0))
    assert same is mel
    assert symbols == [" ", "ə", "."]
