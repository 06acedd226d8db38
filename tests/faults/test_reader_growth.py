"""No file makes a reader of books slow: its time grows with the length, whatever is in it.

The one timed test: CPU time of this process, best of twenty.
"""

from __future__ import annotations

import contextlib
import gc
import math
import random
import time
from collections.abc import Callable
from functools import partial

import pytest

from core.errors import FieldError
from tests.epub_files import archive, epub
from text.books.reader import read_book

SIZES = (16_384, 131_072, 1_048_576)
"""Characters of a file's text."""
EXPONENT = 1.2
"""Time may grow with this power of the length."""
TRIES = 20
SHORTEST = 0.02
"""What takes less time is not compared: it is mostly constant [s]."""

MARKDOWN = {
    "references": "[^",
    "openings": "[",
    "images": "![a",
    "links": "[a](",
    "stars": "*a **b ",
    "struck": "~~a",
    "tags": "<a ",
    "comments": "<!--",
    "cdata": "<![CDATA[",
    "quotes": "> ",
    "items": "- ",
    "lines": "a\n",
    "notes": "[^a]: b\n",
    "definitions": "[a]: b\n",
    "attributes": "{#a ",
    "formulas": "$a$$b ",
    "rows": "some words|and more of them\n-|-\n",
    "letters": "a",
}
PLAIN = {
    "illustrations": "[illustration",
    "spaced illustrations": "[ \n ",
    "footnotes": "[footnote [a]\n",
    "emphasis": "_a ",
    "wrapped": "It was the best of times, it was the worst of times, it was the age-\n",
    "spaces": " \n  ",
    "headings": "CHAPTER I\n\nCHAPTER II\n\nCHAPTER III\n\nCHAPTER IV\n\nText.\n\n",
    "contents": "CHAPTER I\n\n",
    "numerals": "XVIII\n\n",
    "frames": "*** START OF THE PROJECT GUTENBERG EBOOK ",
    "fields": "Title: a\n     b\n",
}
PAGES = {
    "paragraphs": "<p>a</p>",
    "references": '<p>a<a href="#n">*</a></p>',
    "notes": '<p id="n">* a <a href="#n">1</a></p>',
    "unclosed": "<b>a",
    "open tags": "<a ",
    "entities": "&amp;&hellip;&a;",
    "raised": "a<sup>1</sup>",
    "breaks": "a<br/><br/>",
    "links": '<p><a href="#a">a</a></p>',
    "items": "<li>a</li>",
    "cells": "<td>a</td>",
    "numbered": "<ol>" + "<li>a</li>" * 50,
    "verses": "<p><sup>1</sup>a</p>",
    "rules": "<style>.a .a .a{display:none}</style>" + '<p class="a">a</p>' * 5,
    "one style": "<style>" + "p,i i{display:none}/*" * 40 + "</style>" + "<p>a</p>" * 99,
    "pictures": '<h1><img alt="a"/></h1>',
    "quotations": "<q>a</q>",
}


HTML = {
    "paragraphs": "<p>a",
    "nested": "<div><b>a",
    "open tags": "<a b=",
    "doctypes": "<!DOCTYPE [<!--",
    "headings": "<h2>a</h2>b",
}
FB2 = {
    "sections": "<section><title><p>a</p></title><p>b</p></section>",
    "verses": "<stanza><v>a</v></stanza><empty-line/>",
    "unclosed": "<p>a",
}
DOCX = {
    "paragraphs": "<w:p><w:r><w:t>a</w:t></w:r></w:p>",
    "runs": "<w:r><w:t>a</w:t></w:r>",
    "items": '<w:p><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr><w:t>a</w:t></w:p>',
}


def text_of(piece: str, size: int) -> bytes:
    return ("Hi. " + piece * (size // len(piece))).encode()


def page_of(piece: str, size: int) -> bytes:
    """A page; beside it something that does not pack, so that it is not refused as a bomb."""
    page = f'<p id="n">a</p>{piece * (size // len(piece))}'
    picture = {"OPS/a.jpg": random.Random(0).randbytes(size // 50)}
    return epub({"a.xhtml": page}, [("1", "a.xhtml")], more=picture)


def html_of(piece: str, size: int) -> bytes:
    return f"<title>a</title>{piece * (size // len(piece))}".encode()


def fictionbook_of(piece: str, size: int) -> bytes:
    return f"<FictionBook><body>{piece * (size // len(piece))}</body></FictionBook>".encode()


def docx_of(piece: str, size: int) -> bytes:
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    body = f"<w:document {space}><w:body>{piece * (size // len(piece))}</w:body></w:document>"
    picture = random.Random(0).randbytes(size // 50)
    return archive({"word/document.xml": body, "word/media/a.jpg": picture})


def spine_of(size: int) -> bytes:
    """Many pages, each in the table of contents. The zip, the package and the contents grow."""
    names = [f"p{number}.xhtml" for number in range(size // 512)]
    return epub(dict.fromkeys(names, "<p>a</p>"), [(name, name) for name in names])


def manifest_of(size: int) -> bytes:
    """Many items that name one page."""
    item = '<item id="i{}" href="a.xhtml" media-type="application/xhtml+xml"/>'
    items = "".join(item.format(number) for number in range(size // len(item)))
    return epub({"a.xhtml": "<p>a</p>"}, [("1", "a.xhtml")], items=items)


def entries_of(size: int) -> bytes:
    """A table of contents with many entries that lead to one place."""
    links = [(f"Title {number}", "a.xhtml") for number in range(size // 40)]
    return epub({"a.xhtml": "<p>a</p>"}, links)


CASES: dict[str, tuple[str, Callable[[int], bytes]]] = {
    **{f"markdown {name}": ("x.md", partial(text_of, piece)) for name, piece in MARKDOWN.items()},
    **{f"plain {name}": ("x.txt", partial(text_of, piece)) for name, piece in PLAIN.items()},
    **{f"page {name}": ("x.epub", partial(page_of, piece)) for name, piece in PAGES.items()},
    **{f"html {name}": ("x.html", partial(html_of, piece)) for name, piece in HTML.items()},
    **{f"fb2 {name}": ("x.fb2", partial(fictionbook_of, piece)) for name, piece in FB2.items()},
    **{f"docx {name}": ("x.docx", partial(docx_of, piece)) for name, piece in DOCX.items()},
    "spine": ("x.epub", spine_of),
    "manifest": ("x.epub", manifest_of),
    "entries": ("x.epub", entries_of),
}


@pytest.mark.parametrize("case", CASES)
def test_time_grows_with_the_length(case: str) -> None:
    name, make = CASES[case]
    best = [math.inf] * len(SIZES)
    exponents: list[float] = []
    for _ in range(TRIES):
        seconds = [cpu_seconds(name, make(size)) for size in SIZES]
        best = [min(pair) for pair in zip(best, seconds, strict=True)]
        exponents = growth(best)
        if all(exponent <= EXPONENT for exponent in exponents):
            return
    pytest.fail(f"seconds {best} grow with the powers {exponents}")


def cpu_seconds(name: str, data: bytes) -> float:
    gc.collect()
    gc.disable()  # how long it takes depends on all that lives in this process
    try:
        start = time.process_time()
        with contextlib.suppress(FieldError):  # refusing is an answer too, and may not take longer
            read_book(data, name)
        return time.process_time() - start
    finally:
        gc.enable()


def growth(seconds: list[float]) -> list[float]:
    """Exponents from each size that takes a measurable time to the largest."""
    largest, size = seconds[-1], SIZES[-1]
    return [
        math.log(largest / max(taken, SHORTEST)) / math.log(size / length)
        for taken, length in zip(seconds[:-1], SIZES, strict=False)
        if largest > SHORTEST
    ]
