"""An EPUB's own pronunciations: ``ssml:ph`` in its pages, and its lexicons (PLS).

Source: W3C EPUB 3 Text-to-Speech Enhancements 1.0: a page links lexicons with ``rel``
"pronunciation", ``hreflang`` naming their language.
Differs: all of them hold for the whole book, also those that only the manifest has; ``ssml:ph``
holds wherever its word stands, but for words of several readings that a book marks here and there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from core.errors import FieldError
from core.lexicon import PronunciationLexicon
from text.books.archive import Archive
from text.books.epub.package import PackageDocument
from text.books.omissions import Omissions
from text.books.pages.markup import Element, local_name
from text.books.pages.page_text import PageText
from text.g2p.homographs import HOMOGRAPHS
from text.lexicons import LARGEST_FILE, WrittenEntry, book_lexicon, read_pls

PLS_TYPE = "application/pls+xml"
MOST_LEXICONS = 5
"""Of a book; as many as a request may name."""


def linked_lexicons(root: Element) -> Iterator[str]:
    """Yields the references of a page to lexicons of English."""
    for element in root.iter("*"):
        relations = (element.get("rel") or "").lower().split()
        is_lexicon = local_name(element) == "link" and "pronunciation" in relations
        if is_lexicon and _is_english(element.get("hreflang") or ""):
            yield element.get("href") or ""


def read_pronunciations(
    pages: Sequence[PageText],
    links: Iterable[str],
    container: Archive,
    package: PackageDocument,
    omissions: Omissions,
) -> tuple[PronunciationLexicon, ...]:
    """Returns the lexicons of a book, the hints of its pages first.

    Args:
        pages: as read.
        links: paths of the lexicons that pages link, in order.
        container, package: of the EPUB.
        omissions: learns of what cannot be used.
    """
    refuse = partial(omissions.remark, "pronunciation_refused")
    found = [book_lexicon("ssml:ph", _hints(pages, refuse), refuse)]
    listed = [item.path for item in package.manifest.values() if item.media_type == PLS_TYPE]
    paths = [path for path in dict.fromkeys((*links, *listed)) if path]
    for path in paths[:MOST_LEXICONS]:
        try:
            if container.size(path) > LARGEST_FILE:
                raise FieldError("lexicon", f"it is larger than {LARGEST_FILE} bytes")
            entries, language = read_pls(container.read(path))
        except (FieldError, OSError) as error:
            refuse(f"the lexicon {path} cannot be read: {error}")
            continue
        if _is_english(language):
            found.append(book_lexicon(path, entries, refuse))
    if len(paths) > MOST_LEXICONS:
        refuse(f"the book has {len(paths)} lexicons; the first {MOST_LEXICONS} are used")
    return tuple(lexicon for lexicon in found if lexicon is not None)


def _hints(pages: Sequence[PageText], refuse: Callable[[str], object]) -> Iterator[WrittenEntry]:
    """Yields the hints of the pages.

    A hint is a word's wherever it stands, so that a name needs one alone. For a homograph that
    would be wrong where the book means its other reading: such hints count only if all places have
    the same.
    """
    counts = Counter(hint for page in pages for hint in page.pronunciations)
    homographs = {hint.grapheme for hint in counts if hint.grapheme.lower() in HOMOGRAPHS}
    words: Counter[str] = Counter()
    if homographs:
        for page in pages:
            for block in page.blocks:
                words.update(word for word in re.findall(r"\w+", block.text) if word in homographs)
    for hint, count in counts.items():
        if hint.grapheme in homographs and words[hint.grapheme] > count:
            refuse(f"{hint.grapheme!r} has several readings in the book; its context chooses")
        else:
            yield hint


def _is_english(tag: str) -> bool:
    return tag.lower().partition("-")[0] in ("", "en")
