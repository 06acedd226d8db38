"""Which language a text is in, as far as its letters and its commonest words tell.

The front end reads English. A text that is mostly something else would be read as noise, so it is
refused unless the request asks for it; passages within English are read, and told of once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from importlib.resources import files

from core.errors import TextError
from core.request import Source

_LINES = files("text").joinpath("function_words.tsv").read_text(encoding="utf-8").splitlines()
_FUNCTION_WORDS = {
    name: frozenset(words.split()) for name, _, words in (line.partition("\t") for line in _LINES)
}
_ENGLISH = _FUNCTION_WORDS.pop("English")
_ANY_FOREIGN = frozenset().union(*_FUNCTION_WORDS.values())
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_ROOT_LANGUAGE = re.compile(r"<speak\b[^<>]*?\bxml:lang\s*=\s*[\"']([^\"'<>]*)")
_TAG = re.compile(r"<[^<>]*>")
FEWEST_WORDS = 12
"""Words that a document must have to be told from English by them."""
FEWEST_LETTERS = 12
"""Letters of another script that a document must have to be refused for it."""
_SAMPLE = 20_000
"""Words that are looked at: a book's first ones tell its language."""
SHORTEST_PASSAGE = 3
"""Words. Shorter ones are borrowed words rather than a passage."""


def is_latin(character: str) -> bool:
    """Returns whether a letter is Latin."""
    return (
        character < "\u0250"
        or "\u1e00" <= character <= "\u1eff"
        or "\uff21" <= character < "\uff5b"
    )


def script_of(character: str) -> str:
    """Returns the script of a letter by its Unicode name: Cyrillic, Hebrew, CJK."""
    return unicodedata.name(character, "unknown").split(" ")[0].split("-")[0].capitalize()


def main_language(text: str) -> str:
    """Returns English, another language, a script, or an empty string where a text does not tell.

    >>> main_language("The cat sat on the mat and it was happy to be there with her.")
    'English'
    >>> main_language("Le chat est sur la table et il ne veut pas que les enfants le voient.")
    'French'
    >>> main_language("Жил-был старик у самого моря.")
    'Cyrillic'
    """
    words = [match[0].lower().replace("’", "'") for match in _first_words(text)]
    letters = [character for word in words for character in word if character.isalpha()]
    foreign = [character for character in letters if not is_latin(character)]
    if len(foreign) > FEWEST_LETTERS and 2 * len(foreign) > len(letters):
        return script_of(foreign[0])
    if len(words) < FEWEST_WORDS:
        return ""
    english = sum(word in _ENGLISH for word in words)
    name, other = max(
        ((name, sum(word in known for word in words)) for name, known in _FUNCTION_WORDS.items()),
        key=lambda found: found[1],
    )
    if other > 0.15 * len(words) and other > 1.5 * english:
        return name
    return "English" if english > 0.12 * len(words) else ""


def _first_words(text: str) -> list[re.Match[str]]:
    found = []
    for match in _WORD.finditer(text):
        found.append(match)
        if len(found) == _SAMPLE:
            break
    return found


def require_english(source: Source, field: str) -> None:
    """Raises where a document is mostly in another language or script.

    What the text shows counts before what the document says of itself: many a file names the
    language of the program that made it.

    Args:
        source: the whole document.
        field: of the request that holds it.

    Raises:
        TextError: it is not English (code ``other_language``).
    """
    declared = source.book.language if source.book else ""
    if source.markup:
        root = _ROOT_LANGUAGE.search(source.text)
        declared = root[1] if root else declared
    found = main_language(_TAG.sub(" ", source.text) if source.markup else source.text)
    claims = declared.strip().lower()
    if found == "English" or (not found and (not claims or claims.startswith("en"))):
        return
    what = found or f"{declared!r}, as it says,"
    message = f"the text is mostly {what} and would be read as English"
    allowed = 'English, or "language": "any"'
    raise TextError(field, message, allowed=allowed, code="other_language")


def foreign_passages(words: Sequence[str], known: Sequence[bool]) -> list[tuple[int, int, str]]:
    """Returns the passages of a sentence that are in another language: first, end, language.

    Args:
        words: lower case, in order.
        known: whether the English lexicon has each.
    """
    passages: list[tuple[int, int, str]] = []
    strange = [
        word in _ANY_FOREIGN or (not listed and word not in _ENGLISH)
        for word, listed in zip(words, known, strict=True)
    ]
    start = None
    for at, word in enumerate([*words, ""]):
        # English has borrowed many words: one between two foreign ones belongs to them.
        between = 0 < at < len(words) - 1 and strange[at - 1] and strange[at + 1]
        if word and (strange[at] or (between and word not in _ENGLISH)):
            start = at if start is None else start
        elif start is not None:
            if name := _passage_language(words[start:at]):
                passages.append((start, at, name))
            start = None
    return passages


def _passage_language(words: Sequence[str]) -> str:
    if len(words) < SHORTEST_PASSAGE:
        return ""
    telling = [word for word in words if word not in _ENGLISH]
    counts = {
        name: sum(word in function for word in telling)
        for name, function in _FUNCTION_WORDS.items()
    }
    name = max(counts, key=counts.__getitem__)
    beyond_names = any(word in _FUNCTION_WORDS[name] - _PARTICLES for word in telling)
    return name if counts[name] > 1 and beyond_names else ""


_PARTICLES = frozenset(
    [
        *("de", "la", "le", "les", "du", "des", "von", "van", "der", "den", "zu", "del", "della"),
        *("di", "da", "do", "dos", "el", "los", "las", "y"),
    ]
)
"""Words of names, which make no passage."""
