"""Furniture of pages that markup does not name: tables of contents, pagers, headings of notes.

Paragraphs are emptied, not removed: positions stay what they are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from text.books.blocks import TextBlock
from text.books.omissions import Omissions
from text.books.pages.page_text import PageText
from text.books.plain_text.gutenberg import ends_text, starts_text

CONTENTS_RUN = 3
"""So many paragraphs one after the other that are mostly links may be a table of contents."""
MANY_LINKS = 10
"""So many links in a few paragraphs are one, too."""
LARGEST_GAP = 2
"""Short paragraphs between two entries below the heading "Contents"."""
FRAME_BLOCKS = 100
"""Paragraphs at the beginning among which Project Gutenberg's header ends."""
_CONTENTS = re.compile(
    r"(?:brief |short |detailed |table of )?contents"
    r"|(?:list of )?(?:illustrations|figures|plates|tables|maps)|index",
    re.IGNORECASE,
)
_NOTES = re.compile(r"(?:foot|end)?notes?", re.IGNORECASE)
_ARROWS = r"[\s|·•«»‹›←→⇐⇒<>()\[\]/-]"
_WAY = (
    r"(?:(?:go |back |return |jump )+(?:to )?)?(?:the )?"
    r"(?:previous|prev|next|first|last|up|home|top|back|contents|(?:table of )?contents|toc|cover)"
    r"(?: (?:page|chapter|section|topic|part|article|of (?:the )?page))?"
)
_PAGER = re.compile(rf"{_ARROWS}*{_WAY}(?:{_ARROWS}+{_WAY})*{_ARROWS}*", re.IGNORECASE)
_PAGER_HEADING = re.compile(r"(?:previous|next) (?:topic|page|chapter|section)", re.IGNORECASE)
_NAMED_PAGER = re.compile(rf"{_PAGER_HEADING.pattern}\s?[:—–→»-].*", re.IGNORECASE)
"""Where the page that follows is named on the same line."""
LONGEST_PAGER = 120
"""Characters."""
_NUMBERS_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")


def leave_out_furniture(
    pages: Mapping[str, PageText],
    titles: Iterable[str],
    contents_paths: Collection[str],
    omissions: Omissions,
) -> None:
    """Empties what helps a reader to turn pages, in all pages of a book.

    A run of links is a table of contents if a heading or the package says so, or if most of its
    links are called what the book calls its chapters. Other runs are text: the choices of a game
    book are links too.

    Args:
        pages: by path.
        titles: of chapters, as the book's table of contents has them.
        contents_paths: pages that the package calls a table of contents.
        omissions: counts what is left out.
    """
    headings = (b.text for page in pages.values() for b in page.blocks if b.level)
    known = {_bare(title) for title in (*titles, *headings)} - {""}
    _leave_out_frame([block for page in pages.values() for block in page.blocks], omissions)
    for path, page in pages.items():
        _leave_out_pagers(page.blocks, omissions)
        _leave_out_contents(page.blocks, known, path in contents_paths, omissions)
        if page.notes:
            _leave_out_note_headings(page.blocks, omissions)


def _leave_out_frame(blocks: Sequence[TextBlock], omissions: Omissions) -> None:
    """Empties Project Gutenberg's header and licence where markup does not name them."""
    first = next((i for i, b in enumerate(blocks[:FRAME_BLOCKS]) if starts_text(b.text)), None)
    if first is None:
        return
    _empty(blocks[: first + 1], "boilerplate", omissions)
    ends = (i for i in range(first + 1, len(blocks)) if ends_text(blocks[i].text))
    last = next(ends, None)
    if last is not None:
        _empty(blocks[last:], "boilerplate", omissions)


def _leave_out_contents(
    blocks: Sequence[TextBlock], titles: Collection[str], named: bool, omissions: Omissions
) -> None:
    at = 0
    while at < len(blocks):
        headed = bool(_CONTENTS.fullmatch(blocks[at].text.strip(" .:")))
        first = at + headed
        end = _end_of_links(blocks, first, gap=LARGEST_GAP if headed else 0)
        links = [block for block in blocks[first:end] if _is_link(block)]
        many = len(links) >= CONTENTS_RUN or sum(len(b.targets) for b in links) > MANY_LINKS
        if many:
            known = sum(_bare(block.text) in titles for block in links)
            if headed or named or 2 * known >= len(links):
                _empty(blocks[at:end], "contents", omissions)
        at = max(end, at + 1)


def _end_of_links(blocks: Sequence[TextBlock], start: int, *, gap: int) -> int:
    """Index behind a run of paragraphs that are mostly links.

    Args:
        blocks: of a page.
        start: where the run begins.
        gap: number of short paragraphs that may stand between two links (names of parts).
    """
    end = at = start
    while at < len(blocks) and at - end <= gap:
        if _is_link(blocks[at]):
            end = at + 1
        elif len(blocks[at].text) > LONGEST_PAGER:
            break
        at += 1
    return end


def _leave_out_pagers(blocks: Sequence[TextBlock], omissions: Omissions) -> None:
    for block, following in zip(blocks, [*blocks, None][1:], strict=True):
        if len(block.text) > LONGEST_PAGER:
            continue
        named = block.linked and _NAMED_PAGER.fullmatch(block.text)
        if named or (_is_link(block) and _PAGER.fullmatch(block.text)):
            _empty([block], "navigation", omissions)
        elif following and _is_link(following) and _PAGER_HEADING.fullmatch(block.text):
            _empty([block, following], "navigation", omissions)


def _leave_out_note_headings(blocks: Sequence[TextBlock], omissions: Omissions) -> None:
    for block, following in zip(blocks, [*blocks, None][1:], strict=True):
        alone = following is None or following.level
        if block.level and alone and _NOTES.fullmatch(block.text.strip(" .:")):
            _empty([block], "note", omissions)


def _empty(blocks: Iterable[TextBlock], kind: str, omissions: Omissions) -> None:
    for block in blocks:
        omissions.leave_out(kind, block.text)
        block.text = ""


def _is_link(block: TextBlock) -> bool:
    if not block.linked:
        return False
    letters = sum(map(str.isalnum, block.text))
    return bool(letters) and 2 * block.linked >= letters


def _bare(title: str) -> str:
    """A title without case, signs and the numbers around it."""
    bare = _NUMBERS_AROUND.sub("", title).casefold()
    return "".join(filter(str.isalnum, bare)) or "".join(filter(str.isalnum, title))
