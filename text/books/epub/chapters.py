"""Pages and a table of contents to chapters.

A chapter reaches from the place its entry leads to until the place the next entry leads to,
whatever files lie between. Entries that lead to the same place are one chapter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from core.book import BookChapter
from text.books.epub.contents import Entry
from text.books.epub.flow import Block, Flow
from text.books.omissions import Omissions

FRONT_MATTER = "Front matter"
"""Title of what stands before the first chapter, where the book has no title."""
Place = tuple[int, int, int]
"""Page, paragraph, character."""
Start = tuple[Place, str]
"""Where a chapter begins, and its title."""

LIST_OF_LINKS = 3
"""So many paragraphs one after the other that are mostly links are a table of contents."""
_CONTENTS = re.compile(
    r"(?:brief |short |detailed |table of )?contents|(?:list of )?(?:illustrations|figures|plates)",
    re.IGNORECASE,
)
_NOTES = re.compile(r"(?:foot|end)?notes?", re.IGNORECASE)


def cut_chapters(
    flows: Mapping[str, Flow], entries: Sequence[Entry], title: str, omissions: Omissions
) -> tuple[BookChapter, ...]:
    """Cuts a book's pages.

    Args:
        flows: pages by path, in reading order.
        entries: of the table of contents; empty = every page with a heading is a chapter.
        title: of the book, for what stands before the first chapter.
        omissions: learns of entries that lead nowhere and chapters without text.

    Returns:
        chapters with text, in reading order.
    """
    pages = list(flows.values())
    starts = _starts(flows, entries, omissions) or _starts_of_pages(pages)
    front = not starts or starts[0][0] > (0, 0, 0)
    if front:
        starts.insert(0, ((0, 0, 0), title or FRONT_MATTER))
    ends = [*(place for place, _ in starts[1:]), (len(pages), 0, 0)]
    chapters = []
    for index, ((start, name), end) in enumerate(zip(starts, ends, strict=True)):
        text = "\n\n".join(_between(pages, start, end))
        if text:
            chapters.append(BookChapter(name, text))
        elif index or not front:
            omissions.remark("chapter_empty", f"no text to speak under {name!r} of the contents")
    return tuple(chapters)


def _starts(
    flows: Mapping[str, Flow], entries: Sequence[Entry], omissions: Omissions
) -> list[Start]:
    numbers = {path: number for number, path in enumerate(flows)}
    found: list[Start] = []
    parents: list[str] = []
    for entry in entries:
        if not entry.path:
            parents.append(entry.title)
            continue
        place = _place(flows, numbers, entry, omissions)
        if place is not None:
            name = ": ".join(filter(None, (*parents, entry.title)))
            found.append((place, name or f"Chapter {len(found) + 1}"))
            parents = []
    if any(later[0] < earlier[0] for earlier, later in pairwise(found)):
        omissions.remark("contents_order", "the table of contents is not in the reading order")
        found.sort(key=lambda start: start[0])
    return _merged(found, omissions)


def _place(
    flows: Mapping[str, Flow], numbers: Mapping[str, int], entry: Entry, omissions: Omissions
) -> Place | None:
    number = numbers.get(entry.path)
    if number is None:
        told = f"{entry.title!r} of the contents leads to no page of the reading order"
        omissions.remark("contents_target", told)
        return None
    flow = flows[entry.path]
    block, at = flow.anchors.get(entry.fragment, (0, 0)) if entry.fragment else (0, 0)
    if entry.fragment and entry.fragment not in flow.anchors:
        told = f"{entry.title!r} of the contents leads to a missing place; its page's start taken"
        omissions.remark("contents_target", told)
    if block < len(flow.blocks) and at >= len(flow.blocks[block].text):
        block, at = block + 1, 0
    return (number, block, at)


def _merged(starts: list[Start], omissions: Omissions) -> list[Start]:
    """A part and its first chapter often lead to the same place."""
    merged: list[Start] = []
    for place, name in starts:
        if not merged or merged[-1][0] != place:
            merged.append((place, name))
            continue
        before = merged[-1][1]
        if name != before:
            merged[-1] = (place, f"{before}: {name}")
            told = f"entries of the contents that lead to one place are one chapter: {before!r}"
            omissions.remark("contents_merged", f"{told}, {name!r}")
    return merged


def _starts_of_pages(pages: Sequence[Flow]) -> list[Start]:
    """Where a book has no contents: every page with a heading, named by it."""
    starts = []
    for number, page in enumerate(pages):
        heading = next((block for block in page.blocks if block.level), None)
        if heading is not None:
            starts.append(((number, 0, 0), " ".join(heading.text.split())))
    return starts


def _between(pages: Sequence[Flow], start: Place, end: Place) -> list[str]:
    """Paragraphs of a stretch; the first and the last may be pieces."""
    texts = []
    for number in range(start[0], min(end[0] + 1, len(pages))):
        blocks = pages[number].blocks
        first = start[1] if number == start[0] else 0
        last = end[1] + 1 if number == end[0] else len(blocks)
        for index in range(first, min(last, len(blocks))):
            text = blocks[index].text
            upper = end[2] if (number, index) == end[:2] else len(text)
            lower = start[2] if (number, index) == start[:2] else 0
            texts.append(text[lower:upper].strip())
    return [text for text in texts if text]


def leave_out_contents(flow: Flow, omissions: Omissions) -> None:
    """Takes tables of contents out of a page, and headings of notes that are gone.

    Paragraphs are emptied, not removed: places stay what they are.
    """
    blocks, at = flow.blocks, 0
    while at < len(blocks):
        run = at
        while run < len(blocks) and _is_link(blocks[run]):
            run += 1
        if run - at >= LIST_OF_LINKS:
            heading = at > 0 and bool(_CONTENTS.fullmatch(blocks[at - 1].text.strip(" .:")))
            for block in blocks[at - heading : run]:
                omissions.leave_out("contents", block.text)
                block.text = ""
        at = max(run, at + 1)
    if flow.notes:
        _leave_out_note_headings(blocks, omissions)


def _leave_out_note_headings(blocks: list[Block], omissions: Omissions) -> None:
    for block, following in zip(blocks, [*blocks, None][1:], strict=True):
        alone = following is None or following.level
        if block.level and alone and _NOTES.fullmatch(block.text.strip(" .:")):
            omissions.leave_out("note", block.text)
            block.text = ""


def _is_link(block: Block) -> bool:
    letters = sum(map(str.isalnum, block.text))
    return bool(letters) and 2 * block.linked >= letters
