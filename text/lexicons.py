"""Lexicons of clients: PLS 1.0 or JSON in, entries out, and where they apply in a text.

Source: W3C Pronunciation Lexicon Specification 1.0 (Recommendation 2008-10-14), section 4.
Differs: of several matching entries the longest counts; a DOCTYPE is forbidden (entity expansion);
metadata and examples are ignored, roles too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.parsers import expat

import msgspec

from core.errors import FieldError
from core.lexicon import LexiconEntry, LexiconMatch, PronunciationLexicon
from core.text import Notice
from text.g2p.ipa import parse_arpabet, parse_ipa
from text.normalization.unicode import fold

LARGEST_FILE = 512 * 1024
"""Bytes of a lexicon."""
MOST_ENTRIES = 5000
LONGEST_GRAPHEME = 100
LONGEST_ALIAS = 300
"""Characters."""
LONGEST_PRONUNCIATION = 100
"""Phonemes of one word: a word is never split, so it must fit an utterance."""
_UNUSED_NAMED = 20
"""Entries that were never used and are named in the report; the others are counted."""
_NAMESPACE = "http://www.w3.org/2005/01/pronunciation-lexicon"
_LANGUAGE = "http://www.w3.org/XML/1998/namespace}lang"
_FIRST_WORD = re.compile(r"\w+|\W")


class WrittenEntry(NamedTuple):
    """An entry as a file has it; exactly one of ``phoneme`` and ``alias`` is given."""

    grapheme: str
    phoneme: str | None = None
    alias: str | None = None
    alphabet: str = "ipa"


class _JsonEntry(msgspec.Struct, forbid_unknown_fields=True):
    phoneme: str | None = None
    alias: str | None = None


def parse_lexicon(name: str, data: bytes) -> PronunciationLexicon:
    """Returns the lexicon of a file: PLS, or a JSON object of words to IPA or entries.

    Args:
        name: under which it is kept.
        data: the file.

    Raises:
        FieldError: it is neither, too large, or an entry cannot be spoken.

    >>> lexicon = parse_lexicon("a", b'{"GIF": "d\\\\u0292\\\\u026af", "WWW": {"alias": "world wide web"}}')
    >>> [(entry.grapheme, entry.phonemes, entry.alias) for entry in lexicon.entries]
    [('GIF', (('d͡ʒ', 'ɪ', 'f'),), ''), ('WWW', (), 'world wide web')]
    """  # noqa: E501
    if len(data) > LARGEST_FILE:
        raise _refused(f"{len(data)} bytes", f"at most {LARGEST_FILE}")
    found = read_pls(data)[0] if data.lstrip()[:1] == b"<" else _read_json(data)
    entries: list[LexiconEntry] = []
    for written in found:
        entries.append(_entry(written))
        if len(entries) > MOST_ENTRIES:
            raise _refused("too many entries", f"at most {MOST_ENTRIES}")
    if not entries:
        raise _refused("it holds no entry", "at least one")
    _require_no_loops(entries)
    return _lexicon(name, entries)


def book_lexicon(
    name: str, found: Iterable[WrittenEntry], refuse: Callable[[str], None]
) -> PronunciationLexicon | None:
    """Returns the lexicon of what a book says of its words; None where no entry is left.

    Nobody can mend a book's entries while it is being read: those that cannot be spoken are left
    out, and the rest holds.

    Args:
        name: of the lexicon.
        found: the entries.
        refuse: is called with the reason for each that is left out.
    """
    entries: dict[str, LexiconEntry] = {}
    for written in found:
        if len(entries) == MOST_ENTRIES:
            refuse(f"more than {MOST_ENTRIES} entries")
            break
        try:
            entry = _entry(written)
        except FieldError as error:
            refuse(error.message)
        else:
            entries.setdefault(entry.grapheme, entry)
    kept = list(entries.values())
    try:
        _require_no_loops(kept)
    except FieldError as error:
        refuse(error.message)
        kept = [entry for entry in kept if not entry.alias]
    return _lexicon(name, kept) if kept else None


def _lexicon(name: str, entries: Sequence[LexiconEntry]) -> PronunciationLexicon:
    digest = hashlib.sha256(msgspec.msgpack.encode(entries)).hexdigest()
    return PronunciationLexicon(name, digest, tuple(entries))


def _refused(message: str, allowed: str | None = None) -> FieldError:
    return FieldError("lexicon", message, allowed=allowed, code="invalid_lexicon")


def _read_json(data: bytes) -> Iterator[WrittenEntry]:
    try:
        found = msgspec.json.decode(data, type=dict[str, str | _JsonEntry])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _refused(f"neither PLS nor JSON: {error}") from error
    for grapheme, entry in found.items():
        if isinstance(entry, str):
            yield WrittenEntry(grapheme, entry)
        else:
            yield WrittenEntry(grapheme, entry.phoneme, entry.alias)


class _PlsReader:
    """Collects the lexemes of a document."""

    def __init__(self) -> None:
        self.found: list[WrittenEntry] = []
        self.language = ""
        self._parser = expat.ParserCreate("utf-8", "}")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._alphabet = ""
        self._characters: list[str] = []
        self._graphemes: list[str] = []
        self._sounds: list[tuple[bool, str, str, str]] = []
        self._attributes: Mapping[str, str] = {}

    def read(self, data: bytes) -> None:
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            message = f"not well formed: {reason} (line {error.lineno})"
            raise _refused(message) from error

    def _doctype(self, *_: object) -> None:
        raise _refused("a DOCTYPE is not allowed")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition("}")[2]
        if not self._alphabet:
            if name != f"{_NAMESPACE}}}lexicon":
                raise _refused("the root is no PLS 1.0 lexicon", f"xmlns={_NAMESPACE}")
            self._alphabet = attributes.get("alphabet", "ipa")
            self.language = attributes.get(_LANGUAGE, "")
        if tag == "lexeme":
            self._graphemes, self._sounds = [], []
        self._characters, self._attributes = [], attributes

    def _text(self, data: str) -> None:
        self._characters.append(data)

    def _end(self, name: str) -> None:
        tag, text = name.rpartition("}")[2], "".join(self._characters)
        preferred = self._attributes.get("prefer") == "true"
        if tag == "grapheme":
            self._graphemes.append(text)
        elif tag in ("phoneme", "alias"):
            alphabet = self._attributes.get("alphabet", self._alphabet)
            self._sounds.append((preferred, tag, text, alphabet))
        elif tag == "lexeme":
            self._add()
        self._attributes = {}

    def _add(self) -> None:
        if not self._graphemes or not self._sounds:
            raise _refused("a lexeme without a grapheme, or without phoneme and alias")
        # The first preferred one, else the first of all (PLS 1.0, section 4.9.3).
        _, kind, text, alphabet = next((s for s in self._sounds if s[0]), self._sounds[0])
        phoneme, alias = (text, None) if kind == "phoneme" else (None, text)
        self.found += [
            WrittenEntry(grapheme, phoneme, alias, alphabet) for grapheme in self._graphemes
        ]


def read_pls(data: bytes) -> tuple[list[WrittenEntry], str]:
    """Returns the entries of a PLS document and its language; an empty one where it has none.

    Raises:
        FieldError: it is not well formed, or no PLS.
    """
    reader = _PlsReader()
    reader.read(data)
    return reader.found, reader.language


def _entry(found: WrittenEntry) -> LexiconEntry:
    grapheme, phoneme, alias, alphabet = found
    written = " ".join(_folded(grapheme).split())
    if not written or len(written) > LONGEST_GRAPHEME:
        raise _refused(f"grapheme {grapheme[:50]!r}", f"1 to {LONGEST_GRAPHEME} characters")
    if (phoneme is None) == (alias is None):
        raise _refused(f"{written!r} needs exactly one of phoneme and alias")
    if alias is not None:
        text = " ".join(alias.split())
        if not any(c.isalnum() for c in text) or len(text) > LONGEST_ALIAS:
            raise _refused(f"alias of {written!r}", f"1 to {LONGEST_ALIAS} characters")
        return LexiconEntry(written, alias=text)
    return LexiconEntry(written, phonemes=_phonemes(written, phoneme or "", alphabet))


def _phonemes(grapheme: str, text: str, alphabet: str) -> tuple[tuple[str, ...], ...]:
    parsers = {"ipa": parse_ipa, "x-arpabet": parse_arpabet, "cmu-arpabet": parse_arpabet}
    if alphabet not in parsers:
        raise _refused(f"alphabet {alphabet!r}", ", ".join(parsers))
    try:
        words = parsers[alphabet](text)
    except ValueError as error:
        raise _refused(f"phonemes of {grapheme!r}: {error}") from error
    if not words or max(map(len, words)) > LONGEST_PRONUNCIATION:
        allowed = f"1 to {LONGEST_PRONUNCIATION} phonemes a word"
        raise _refused(f"phonemes of {grapheme!r}", allowed)
    return tuple(words)


def _folded(text: str) -> str:
    try:
        return fold(((c, i, i + 1) for i, c in enumerate(text)), name="lexicon").text
    except ValueError as error:
        raise _refused(str(error)) from error


def _require_no_loops(entries: Sequence[LexiconEntry]) -> None:
    """Raises where an alias leads back to itself through the aliases of its words."""
    aliases = {entry.grapheme: entry.alias for entry in entries if entry.alias}
    follows = {
        grapheme: [word for word in _FIRST_WORD.findall(alias) if word in aliases]
        for grapheme, alias in aliases.items()
    }
    done: set[str] = set()
    for first in aliases:
        path: list[str] = []
        waiting = [(first, 0)]
        while waiting:
            word, depth = waiting.pop()
            del path[depth:]
            if word in path:
                raise _refused(f"aliases lead in a circle: {' → '.join((*path, word))}")
            if word in done:
                continue
            path.append(word)
            waiting += [(following, depth + 1) for following in follows[word]]
            if not follows[word]:
                done.add(word)
        done.add(first)


@dataclass(slots=True)
class JobLexicons:
    """The lexicons of one job, and which of their entries its text used.

    Of two entries for the same word the first lexicon's counts.

    Args:
        lexicons: in order of priority.
    """

    lexicons: Sequence[PronunciationLexicon]
    _by_first_word: dict[str, list[tuple[LexiconEntry, re.Pattern[str]]]] = field(
        default_factory=dict, init=False
    )
    _used: set[str] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        chosen: dict[str, LexiconEntry] = {}
        for lexicon in self.lexicons:
            for entry in lexicon.entries:
                chosen.setdefault(entry.grapheme, entry)
        # The longest first: "New York" before "New".
        for entry in sorted(chosen.values(), key=lambda entry: -len(entry.grapheme)):
            first = _FIRST_WORD.findall(entry.grapheme)[0]
            edge = r"(?!\w)" if entry.grapheme[-1].isalnum() else ""
            spaced = r"\s+".join(map(re.escape, entry.grapheme.split(" ")))
            self._by_first_word.setdefault(first, []).append((entry, re.compile(spaced + edge)))

    def match(self, text: str, at: int, end: int) -> LexiconMatch | None:
        """Returns the longest entry that stands at a position, which begins a word."""
        first = _FIRST_WORD.match(text, at, end)
        for entry, pattern in self._by_first_word.get(first[0], ()) if first else ():
            if found := pattern.match(text, at, end):
                self._used.add(entry.grapheme)
                return LexiconMatch(entry, found.end())
        return None

    def notices(self) -> Iterator[Notice]:
        """Yields what of each lexicon was used."""
        for lexicon in self.lexicons:
            unused = [e.grapheme for e in lexicon.entries if e.grapheme not in self._used]
            used = len(lexicon.entries) - len(unused)
            message = (
                f"lexicon {lexicon.name!r} ({lexicon.digest[:12]}): {used} of "
                f"{len(lexicon.entries)} entries used"
            )
            if unused:
                more = len(unused) - _UNUSED_NAMED
                named = ", ".join(unused[:_UNUSED_NAMED])
                message += f"; never used: {named}" + (f" and {more} more" if more > 0 else "")
            yield Notice("lexicon_used", message)


def job_lexicons(lexicons: Iterable[PronunciationLexicon]) -> JobLexicons | None:
    """Returns the lexicons of a job; None for none."""
    found = tuple(lexicons)
    return JobLexicons(found) if found else None
