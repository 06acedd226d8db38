"""Builds the English lexicon that ships in ``text/g2p``: gruut's words, then misaki's.

``python -m training.pronunciation.lexicon GRUUT MISAKI`` writes ``text/g2p/english.lexicon.gz``
and, with ``--guesser``, estimates ``text/g2p/guesser.npz`` on it.

Source: PyPI gruut-lang-en 2.0.1 (MIT), lexicon.db; PyPI misaki 0.9.4 (Apache-2.0),
misaki/data/us_gold.json and us_silver.json.
Differs: gruut's pronunciations come first, because the voices learnt from them; where gold, which
people checked, stresses another vowel of a word that is not common, gold's is taken.
"""

from __future__ import annotations

import argparse
import gzip
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import text.g2p
from text.g2p.lexicon import PHONES, encode
from text.g2p.morphology import Morphology
from training.pronunciation.alignment import Pair, best_alignment
from training.pronunciation.guesser import align_sample, save_guesser, train_guesser
from training.pronunciation.misaki import read_misaki

Phonemes = tuple[str, ...]
FOLDER = Path(text.g2p.__file__).parent


def read_gruut(path: Path) -> tuple[dict[str, Phonemes], dict[str, dict[str, Phonemes]]]:
    """Returns the first pronunciation by word, and those by part of speech of homographs."""
    words: dict[str, Phonemes] = {}
    roles: dict[str, dict[str, Phonemes]] = {}
    query = "SELECT word, role, phonemes FROM word_phonemes ORDER BY word, pron_order"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        for word, role, phonemes in connection.execute(query):
            split = tuple(phonemes.split(" "))
            if role:
                roles.setdefault(word, {}).setdefault(role.removeprefix("gruut:"), split)
            words.setdefault(word, split)
    return words, roles


def merge(
    gruut: Mapping[str, Phonemes],
    misaki: Mapping[str, Phonemes],
    checked: frozenset[str],
    pairs: Mapping[Pair, float],
) -> dict[str, Phonemes]:
    """Returns one pronunciation by word.

    Args:
        gruut, misaki: pronunciations.
        checked: words whose pronunciation in misaki people checked.
        pairs: probabilities of letters and phonemes, for alignment.
    """
    # What the run time derives from gruut's words sounds like the voices' other words: a British
    # spelling, a word after a prefix.
    gruuts = Morphology(gruut.get, gruut.__contains__)
    merged = {
        word: phonemes
        for word, phonemes in misaki.items()
        if set(_bare(phonemes)) <= PHONES
        and not gruuts.american(word)
        and not _is_derived(phonemes, gruuts.prefixed(word), word in checked)
    }
    merged = {word: _with_short_i(word, phonemes, pairs) for word, phonemes in merged.items()}
    for word, phonemes in gruut.items():
        gold = merged.get(word)
        if gold is None or word not in checked or not _stressed_apart(phonemes, gold):
            merged[word] = phonemes
    return merged


def _is_derived(phonemes: Phonemes, derived: Phonemes | None, checked: bool) -> bool:
    """Returns whether a prefix and a word give a pronunciation as good as the listed one."""
    return derived is not None and (not checked or _bare(derived) == _bare(phonemes))


def _with_short_i(word: str, phonemes: Phonemes, pairs: Mapping[Pair, float]) -> Phonemes:
    """Returns the phonemes with ɪ where misaki reduces a written i to ə, as gruut has it."""
    if "ə" not in phonemes or "i" not in word:
        return phonemes
    aligned = best_alignment(word, phonemes, pairs)
    if aligned is None:
        return phonemes
    return tuple(
        "ɪ" if letters == "i" and phone == "ə" else phone
        for letters, phones in aligned
        for phone in phones
    )


def _bare(phonemes: Phonemes) -> tuple[str, ...]:
    return tuple(phone.lstrip("ˈˌ") for phone in phonemes)


def _stressed_apart(one: Phonemes, other: Phonemes) -> bool:
    """Returns whether two pronunciations stress vowels of another quality, or none of them."""
    near = {"ʌ": "ə", "ɔ": "ɑ", "ʊ": "u", "oʊ": "ɔ", "ɛ": "æ", "ɪ": "i"}
    found = []
    for phonemes in (one, other):
        stressed = [phone[1:] for phone in phonemes if phone.startswith("ˈ")]
        found.append({near.get(phone, phone) for phone in stressed[:1]})
    return all(found) and not found[0] & found[1] and len(one) > 3


def write_lexicon(
    words: Mapping[str, Phonemes],
    roles: Mapping[str, Mapping[str, Phonemes]],
    plain: frozenset[str],
    path: Path,
) -> None:
    """Writes a lexicon: a word, its pronunciation, "+" for a plain word, and its roles a line."""
    lines = []
    for word in sorted(words):
        columns = [word, encode(words[word]), "+" if word in plain else ""]
        columns += [f"{tag}={encode(phonemes)}" for tag, phonemes in roles.get(word, {}).items()]
        lines.append("\t".join(columns))
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))


def main() -> None:
    """Builds the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gruut", type=Path, help="folder of the package gruut_lang_en")
    parser.add_argument("misaki", type=Path, help="folder misaki/data")
    parser.add_argument("--guesser", action="store_true", help="estimate the guesser too")
    arguments = parser.parse_args()
    gruut, roles = read_gruut(arguments.gruut / "lexicon.db")
    misaki, plain = read_misaki(arguments.misaki)
    both = {**gruut, **misaki}  # misaki's before gruut's: unknown words are more like its own
    pairs = align_sample(both)
    words = merge(gruut, misaki, plain - set(roles), pairs)
    write_lexicon(words, roles, plain, FOLDER / "english.lexicon.gz")
    if arguments.guesser:
        save_guesser(train_guesser(both, pairs), FOLDER / "guesser.npz")


if __name__ == "__main__":
    main()
