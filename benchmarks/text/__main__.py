"""``python -m benchmarks.text`` (``make text-bench``): how well texts are read, and how fast.

``--unknown`` estimates the guesser again without the 300 words it is then asked for (some minutes);
without it that row is left out, because the guesser that ships has seen them.

Words: a sample (seed 1) of wordfreq 3.1.1's top 60 000 that gruut-lang-en lacks and misaki has;
their phonemes are misaki's. Cases: written for this benchmark; those of ``classes.tsv`` before the
rules were tuned on them. Sentences: ``homographs``.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from benchmarks.text.espeak import MISSING, is_installed
from benchmarks.text.homographs import read_labelled, score
from core.errors import TextError
from core.protocols import TextFrontend
from text.frontend import english_lexicon, open_frontend
from text.g2p.guesser import Guesser

FOLDER = Path(__file__).parent


def cases(frontend: TextFrontend, file: str = "cases.tsv") -> dict[str, tuple[int, int]]:
    """Returns right and all by class; case, punctuation and spaces between words do not count.

    Args:
        frontend: reads the cases.
        file: ``cases.tsv``, which all must be right, or ``classes.tsv``: what was written first and
            measured then, of which some are wrong; `` || `` separates right readings, `` | `` marks
            the end of a sentence.
    """
    counts: dict[str, Counter[bool]] = defaultdict(Counter)
    for name, text, wanted in read_cases(file):
        ends = " | " if " | " in wanted else " "
        try:
            found = ends.join(u.text for u in frontend.analyze(text, ssml=False).utterances)
        except TextError:
            found = "silence"
        counts[name][_bare_words(found) in map(_bare_words, wanted.split(" || "))] += 1
    return {name: (count[True], sum(count.values())) for name, count in counts.items()}


def read_cases(file: str) -> list[tuple[str, str, str]]:
    """Returns class, text and right words of the cases of a file."""
    rows: list[tuple[str, str, str]] = []
    for line in (FOLDER / file).read_text(encoding="utf-8").splitlines()[1:]:
        name, text, wanted = line.split("\t")
        text = re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), text)
        rows.append((name, text.replace("\\n", "\n"), wanted))
    return rows


def _bare_words(text: str) -> str:
    return re.sub(r"[^\w|]", "", text.lower())


def homographs() -> dict[str, tuple[int, int]]:
    """Returns right and all by word."""
    counts: dict[str, Counter[bool]] = defaultdict(Counter)
    for row in read_labelled(FOLDER / "homographs.tsv"):
        counts[row.word][score(row)] += 1
    return {word: (count[True], sum(count.values())) for word, count in counts.items()}


def unknown_words() -> tuple[int, int]:
    """Returns right and all of the words that a guesser estimated without them guesses."""
    from training.pronunciation.guesser import align_sample, save_guesser, train_guesser

    held = _held_words()
    known = {word: sound for word, sound in english_lexicon().words() if word not in held}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "guesser.npz"
        save_guesser(train_guesser(known, align_sample(known)), path)
        guesser = Guesser(path)
    right = sum(_bare(guesser.guess(word)) == _bare(sound) for word, sound in held.items())
    return right, len(held)


def _held_words() -> dict[str, tuple[str, ...]]:
    rows = (FOLDER / "unknown_words.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return {word: tuple(phonemes.split()) for word, phonemes in (row.split("\t") for row in rows)}


def of_espeak() -> tuple[dict[str, tuple[int, int]], float]:
    """Returns what espeak-ng reaches of the same, and its sentences per second."""
    from benchmarks.text.espeak import Espeak

    espeak = Espeak()
    rows = read_labelled(FOLDER / "homographs.tsv")
    found = {
        **{f"cases: {n}": count for n, count in espeak.cases(read_cases("cases.tsv")).items()},
        **{f"classes: {n}": count for n, count in espeak.cases(read_cases("classes.tsv")).items()},
        **{f"homograph: {word}": count for word, count in espeak.homographs(rows).items()},
        "unknown words": espeak.unknown_words(_held_words()),
    }
    return found, espeak.sentences_per_second([row.sentence for row in rows])


def _bare(phonemes: tuple[str, ...]) -> list[str]:
    """Returns phonemes without stress; ə and ɪ, which dictionaries mix, count as one."""
    return [phone.lstrip("ˈˌ").replace("ɪ", "ə") for phone in phonemes]


def sentences_per_second(frontend: TextFrontend) -> float:
    """Returns the utterances that one core reads in a second of its time, warm."""
    texts = [row.sentence for row in read_labelled(FOLDER / "homographs.tsv")] * 4
    for text in texts[:500]:
        frontend.analyze(text, ssml=False)
    start = time.process_time()
    utterances = sum(len(frontend.analyze(text, ssml=False).utterances) for text in texts)
    return utterances / (time.process_time() - start)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unknown", action="store_true", help="measure unknown words, too")
    arguments = parser.parse_args()
    frontend = open_frontend("house-ipa")
    others, speed = of_espeak() if is_installed() else ({}, 0.0)
    print("| what | right | of | share | espeak-ng |\n|---|---|---|---|---|")
    found = {f"cases: {name}": count for name, count in cases(frontend).items()}
    found |= {f"classes: {name}": count for name, count in cases(frontend, "classes.tsv").items()}
    found |= {f"homograph: {word}": count for word, count in homographs().items()}
    if arguments.unknown:
        found["unknown words"] = unknown_words()
    for name, (right, total) in found.items():
        other = f"{others[name][0] / total:.0%}" if name in others else "–"
        print(f"| {name} | {right} | {total} | {right / total:.0%} | {other} |")
    print(f"\n{sentences_per_second(frontend):.0f} utterances per second and core, warm")
    print(f"espeak-ng: {speed:.0f} sentences" if others else MISSING)


if __name__ == "__main__":
    main()
