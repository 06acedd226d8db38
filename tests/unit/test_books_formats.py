"""HTML, FB2 and Word documents to chapters, and what is refused with advice."""

from __future__ import annotations

import base64

import pytest

from core.book import Book, BookMetadata, ReadingOptions
from core.errors import FieldError
from tests.epub_files import archive
from text.books.reader import read_book


def texts(book: Book) -> dict[str, str]:
    return {chapter.title: chapter.text for chapter in book.chapters}


def codes(book: Book) -> set[str]:
    return {notice.code for notice in book.notices}


HTML = """<!DOCTYPE html><html lang="en"><head><title>Saved page</title>
<meta name="author" content="Ann O."><style>.ad { display: none }</style></head><body>
<header>A site</header><nav><a href="/">Home</a></nav><p class="ad">Buy!</p>
<h1>A Tale</h1><h2>One</h2><p>First<sup><a href="#n1">1</a></sup> &mdash; text.<p>More.
<h2>Two</h2><p>Second.<p id="n1"><a href="#r">1</a> A note.<footer>Imprint</footer></body>"""


def test_html() -> None:
    book = read_book(HTML.encode(), "page.htm")
    assert (book.title, book.authors, book.language) == ("A Tale", ("Ann O.",), "en")
    assert [(chapter.title, chapter.text) for chapter in book.chapters] == [
        ("A Tale", "A site"),
        ("A Tale", "A Tale"),
        ("One", "One\n\nFirst — text.\n\nMore."),
        ("Two", "Two\n\nSecond."),
    ]
    kinds = ("navigation", "hidden", "note", "note_reference")
    assert codes(book) == {f"left_out_{kind}" for kind in kinds} | {"markup_mended"}


PICTURE = base64.b64encode(b"\xff\xd8\xffjpg").decode()
FB2 = f"""<?xml version="1.0" encoding="utf-8"?>
<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0"
 xmlns:l="http://www.w3.org/1999/xlink"><description><title-info>
<author><first-name>Ann</first-name><last-name>O.</last-name></author>
<book-title>A Tale</book-title><annotation><p>About ships.</p></annotation><lang>en</lang>
<coverpage><image l:href="#c.jpg"/></coverpage><sequence name="Ships" number="2"/>
<translator><nickname>tom</nickname></translator></title-info>
<publish-info><publisher>House</publisher><year>2001</year></publish-info></description>
<body><title><p>A Tale</p></title><epigraph><p>Of old.</p></epigraph>
<section><title><p>One</p><p>The Sea</p></title><p>First<a l:href="#n" type="note">1</a>
<strong>text</strong>.</p><empty-line/><poem><stanza><v>Line one</v><v>line two</v></stanza></poem>
</section><section><title><p>Two</p></title><p>Second.</p><image l:href="#c.jpg"/></section></body>
<body name="notes"><section id="n"><p>A note.</p></section></body>
<binary id="c.jpg" content-type="image/jpeg">{PICTURE}</binary>
</FictionBook>"""


@pytest.mark.parametrize("zipped", [False, True])
def test_fictionbook(zipped: bool) -> None:
    data = archive({"a.fb2": FB2}) if zipped else FB2.encode()
    book = read_book(data, "a.fb2.zip" if zipped else "a.fb2")
    assert (book.title, book.authors, book.language) == ("A Tale", ("Ann O.",), "en")
    assert book.metadata == BookMetadata(
        translators=("tom",),
        series="Ships",
        series_number="2",
        published="2001",
        publisher="House",
        description="About ships.",
    )
    assert texts(book) == {
        "A Tale": "A Tale\n\nOf old.",
        "One The Sea": "One\nThe Sea\n\nFirst text.\n\n* * *\n\nLine one\nline two",
        "Two": "Two\n\nSecond.",
    }
    assert book.cover is not None
    assert book.cover.media_type == "image/jpeg"
    assert codes(book) == {f"left_out_{k}" for k in ("image", "note", "note_reference")}


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def paragraph(*runs: str, style: str = "", list_: str = "") -> str:
    number = f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{list_}"/></w:numPr>' if list_ else ""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    inner = "".join(run if run.startswith("<") else f"<w:r><w:t>{run}</w:t></w:r>" for run in runs)
    return f"<w:p><w:pPr>{named}{number}</w:pPr>{inner}</w:p>"


def docx(*paragraphs: str) -> bytes:
    styles = f"""<w:styles {W}><w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="My"><w:name w:val="Mine"/><w:basedOn w:val="H1"/></w:style>
<w:style w:styleId="T"><w:name w:val="Title"/></w:style>
<w:style w:styleId="TOC1"><w:name w:val="toc 1"/></w:style></w:styles>"""
    numbering = f"""<w:numbering {W}><w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0">
<w:numFmt w:val="decimal"/></w:lvl></w:abstractNum><w:num w:numId="3">
<w:abstractNumId w:val="7"/></w:num></w:numbering>"""
    notes = f"""<w:footnotes {W}><w:footnote w:type="separator" w:id="0"><w:p/></w:footnote>
<w:footnote w:id="2">{paragraph("A note.")}</w:footnote></w:footnotes>"""
    core = """<cp:coreProperties xmlns:cp="c" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:creator>Ann O.</dc:creator></cp:coreProperties>"""
    document = f"<w:document {W}><w:body>{''.join(paragraphs)}<w:sectPr/></w:body></w:document>"
    return archive(
        {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": document,
            "word/styles.xml": styles,
            "word/numbering.xml": numbering,
            "word/footnotes.xml": notes,
            "docProps/core.xml": core,
        }
    )


DOCX = docx(
    paragraph("A Tale", style="T"),
    paragraph("One .... 3", style="TOC1"),
    paragraph("One", style="H1"),
    paragraph("Fir", "st", '<w:r><w:footnoteReference w:id="2"/></w:r>', " text."),
    paragraph(
        "<w:del><w:r><w:delText>old</w:delText></w:r></w:del>",
        "<w:ins><w:r><w:t>new</w:t></w:r></w:ins>",
    ),
    paragraph("open", list_="3"),
    paragraph("close", list_="3"),
    paragraph("m", '<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>2</w:t></w:r>'),
    paragraph("Two", style="My"),
    f"<w:tbl><w:tr><w:tc>{paragraph('a')}</w:tc><w:tc>{paragraph('b')}</w:tc></w:tr></w:tbl>",
    paragraph("<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r>", "<w:r><w:drawing/></w:r>"),
)


def test_word_documents() -> None:
    book = read_book(DOCX, "a.docx")
    assert (book.title, book.authors) == ("A Tale", ("Ann O.",))
    assert texts(book) == {
        "A Tale": "A Tale",
        "One": "One\n\nFirst text.\n\nnew\n\n1. open\n\n2. close\n\nm²",
        "Two": "Two\n\na, b",
    }
    kinds = ("note", "note_reference", "contents", "deleted", "hidden", "image")
    assert codes(book) == {f"left_out_{kind}" for kind in kinds}


def test_notes_of_word_documents_are_read_behind_their_paragraph() -> None:
    book = read_book(DOCX, "a.docx", ReadingOptions(include=("notes",)))
    assert "First text.\n\nA note.\n\nnew" in book.chapters[1].text
    assert "left_out_table" in codes(book)


ADVISED = {
    "a.pdf": b"%PDF-1.7",
    "book.epub": b"%PDF-1.4 by another name",
    "a.mobi": b"a title".ljust(60, b"\0") + b"BOOKMOBI",
    "a.rtf": b"{\\rtf1 text}",
    "a.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "a.odt": b"PK\3\4".ljust(30, b"\0") + b"mimetypeapplication/vnd.oasis.opendocument.text",
}


@pytest.mark.parametrize("name", ADVISED)
def test_other_kinds_are_refused_with_advice(name: str) -> None:
    with pytest.raises(FieldError, match=r"convert|save it as") as refused:
        read_book(ADVISED[name], name)
    assert (refused.value.field, refused.value.code) == ("file", "unknown_kind")
