"""EPUBs to chapters: what is cut where, what is left out, what is refused."""

import io
import random
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.book import Book, BookMetadata, Optional, ReadingOptions
from core.errors import FieldError
from tests.epub_files import archive, epub, page
from text.books.reader import read_book


def read(data: bytes) -> Book:
    return read_book(data, "My_book.epub")


def texts(book: Book) -> dict[str, str]:
    return {chapter.title: chapter.text for chapter in book.chapters}


def codes(book: Book) -> set[str]:
    return {notice.code for notice in book.notices}


def body(inner: str, **more: str) -> Book:
    """A book of one page."""
    return read(epub({"a.xhtml": inner}, [("One", "a.xhtml")]))


TWO_IN_ONE = '<h1 id="c1">One</h1><p>First.</p><h1 id="c2">Two</h1><p>Second.</p>'


@pytest.mark.parametrize("version", [2, 3])
def test_metadata_and_chapters_in_spine_order(version: int) -> None:
    pages = {"b.xhtml": "<h1>One</h1><p>First.</p>", "a.xhtml": "<h1>Two</h1><p>Second.</p>"}
    people = "<dc:creator>Ann O.</dc:creator><dc:creator>Ben</dc:creator>"
    data = epub(
        pages,
        [("I. One", "b.xhtml"), ("II. Two", "a.xhtml")],
        version=version,
        metadata=people + "<dc:language>en-GB</dc:language>",
    )
    book = read(data)
    assert (book.title, book.authors, book.language) == ("A Book", ("Ann O.", "Ben"), "en-GB")
    assert texts(book) == {"I. One": "One\n\nFirst.", "II. Two": "Two\n\nSecond."}
    assert book.notices == ()


def test_a_file_with_several_entries_is_split_at_their_fragments() -> None:
    book = read(epub({"a.xhtml": TWO_IN_ONE}, [("1", "a.xhtml#c1"), ("2", "a.xhtml#c2")]))
    assert texts(book) == {"1": "One\n\nFirst.", "2": "Two\n\nSecond."}


def test_a_fragment_inside_a_heading_or_before_it_splits_before_the_heading() -> None:
    inner = '<h1><a id="c1"/>One</h1><p>First.</p><a id="c2"></a><h1>Two</h1><p>Second.</p>'
    book = read(epub({"a.xhtml": inner}, [("1", "a.xhtml#c1"), ("2", "a.xhtml#c2")]))
    assert texts(book) == {"1": "One\n\nFirst.", "2": "Two\n\nSecond."}


def test_a_fragment_in_a_paragraph_splits_the_paragraph() -> None:
    inner = '<p>Old <b>text.</b> <a id="c2"/>New text.</p>'
    book = read(epub({"a.xhtml": inner}, [("1", "a.xhtml"), ("2", "a.xhtml#c2")]))
    assert texts(book) == {"1": "Old text.", "2": "New text."}


def test_several_files_under_one_entry_are_one_chapter() -> None:
    pages = {"a.xhtml": "<p>A.</p>", "b.xhtml": "<p>B.</p>", "c.xhtml": "<p>C.</p>"}
    book = read(epub(pages, [("1", "a.xhtml"), ("2", "c.xhtml")]))
    assert texts(book) == {"1": "A.\n\nB.", "2": "C."}


def test_nested_entries_and_parts_without_a_page() -> None:
    pages = {"a.xhtml": "<h1>Part</h1>", "b.xhtml": "<p>B.</p>", "c.xhtml": "<p>C.</p>"}
    links = [("Part One", "a.xhtml", [("1", "b.xhtml")]), ("Part Two", "", [("2", "c.xhtml")])]
    assert texts(read(epub(pages, links))) == {"Part One": "Part", "1": "B.", "Part Two: 2": "C."}


def test_entries_that_lead_to_one_place_are_one_chapter() -> None:
    links = [("Part One", "a.xhtml", [("Chapter 1", "a.xhtml")])]
    book = read(epub({"a.xhtml": "<p>A.</p>"}, links))
    assert texts(book) == {"Part One: Chapter 1": "A."}
    assert codes(book) == {"contents_merged"}


def test_text_before_the_first_entry_is_kept() -> None:
    pages = {"f.xhtml": "<p>For Ann.</p>", "a.xhtml": "<p>A.</p>"}
    assert texts(read(epub(pages, [("1", "a.xhtml")]))) == {"A Book": "For Ann.", "1": "A."}
    untitled = read(epub(pages, [("1", "a.xhtml")], title=""))
    assert untitled.title == "My book"
    assert [c.title for c in untitled.chapters] == ["Front matter", "1"]


def test_without_contents_pages_with_headings_are_chapters() -> None:
    pages = {"a.xhtml": "<h2>One</h2><p>A.</p>", "b.xhtml": "<p>B.</p>", "c.xhtml": "<h2>Two</h2>"}
    book = read(epub(pages))
    assert texts(book) == {"One": "One\n\nA.\n\nB.", "Two": "Two"}
    assert "no_contents" in codes(book)


def test_entries_to_nowhere_and_empty_chapters_are_noticed() -> None:
    pages = {"a.xhtml": "<p>A.</p>", "b.xhtml": '<img src="x.png" alt="a map"/>'}
    links = [("1", "a.xhtml#gone"), ("Map", "b.xhtml"), ("Gone", "z.xhtml")]
    book = read(epub(pages, links))
    assert texts(book) == {"1": "A."}
    assert codes(book) == {"contents_target", "chapter_empty", "left_out_image"}


def test_contents_out_of_order_follow_the_spine() -> None:
    pages = {"a.xhtml": "<p>A.</p>", "b.xhtml": "<p>B.</p>"}
    book = read(epub(pages, [("2", "b.xhtml"), ("1", "a.xhtml")]))
    assert [c.title for c in book.chapters] == ["1", "2"]
    assert "contents_order" in codes(book)


def test_references_are_percent_decoded_and_relative_to_their_file() -> None:
    pages = {"text/a%20b.xhtml": "<p>skipped</p>"}
    item = '<item id="x" href="text/a%20b.xhtml" media-type="application/xhtml+xml"/>'
    data = epub(pages, [("1", "text/a%20b.xhtml")], items=item)
    files = unpacked(data)
    files["OPS/text/a b.xhtml"] = files.pop("OPS/text/a%20b.xhtml")
    assert texts(read(archive(files))) == {"1": "skipped"}


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}


LEFT_OUT: Mapping[str, tuple[str, str]] = {
    "noteref": ('a<a epub:type="noteref" href="#n">1</a> b', "note_reference"),
    "role noteref": ('a<a role="doc-noteref" href="#n">1</a> b', "note_reference"),
    "footnote": ('a b<aside epub:type="footnote" id="n"><p>x</p></aside>', "note"),
    "endnotes": ('a b<section role="doc-endnotes"><h2>Notes</h2><p>x</p></section>', "note"),
    "pagebreak": ('a<span epub:type="pagebreak" id="p7">7</span> b', "page_number"),
    "pagenum": ('a<span class="pagenum">[Pg 7]</span> b', "page_number"),
    "script": ("a<script>x</script> b", "script"),
    "style": ("a<style>x</style> b", "script"),
    "hidden": ("a<span hidden='hidden'>x</span> b", "hidden"),
    "display none": ('a<span style="display: none">x</span> b', "hidden"),
    "image": ('a<img src="x" alt="a tall ship"/> b', "image"),
    "svg": ('a<svg xmlns="http://www.w3.org/2000/svg"><text>x</text></svg> b', "image"),
    "video": ("a<video>x</video> b", "media"),
    "nav": ("a b<nav><ol><li>x</li></ol></nav>", "navigation"),
    "ruby": ("<ruby>a<rt>x</rt></ruby> b", "ruby"),
    "math": ('a<math xmlns="http://www.w3.org/1998/Math/MathML"><mtable/></math> b', "formula"),
    "licence": ('a b<section id="pg-footer"><p>x</p></section>', "boilerplate"),
    "raised number": ("Call a<sup>12</sup> b", ""),
}


BY_CHOICE = {
    "notes": ('a b<aside epub:type="footnote"><p>x</p></aside>', "note"),
    "asides": ("a b<aside>x</aside>", "aside"),
    "code": ("a b<pre><code>x</code></pre>", "code"),
    "tables": ("a b<table><tr><td>x</td><td>y</td></tr></table>", "table"),
    "captions": ("a b<figure><figcaption>x</figcaption></figure>", "caption"),
}


@pytest.mark.parametrize("choice", BY_CHOICE)
def test_what_is_read_by_choice(choice: Optional) -> None:
    inner, kind = BY_CHOICE[choice]
    data = epub({"a.xhtml": f"<div>{inner}</div>"}, [("One", "a.xhtml")])
    without = read_book(data, "x.epub", ReadingOptions(include=()))
    assert (without.chapters[0].text, codes(without)) == ("a b", {f"left_out_{kind}"})
    included = read_book(data, "x.epub", ReadingOptions(include=(choice,)))
    assert included.chapters[0].text.startswith("a b\n\nx")
    assert codes(included) == set()


@pytest.mark.parametrize("case", LEFT_OUT)
def test_what_is_no_text_is_left_out_and_counted(case: str) -> None:
    inner, kind = LEFT_OUT[case]
    book = body(f"<div>{inner}</div>")
    if kind:
        assert book.chapters[0].text == "a b"
        assert codes(book) == {f"left_out_{kind}"}
    else:
        assert book.chapters[0].text == "Call a¹² b"


def test_a_raised_number_after_a_word_is_a_reference() -> None:
    book = body(
        "<p>A claim.<sup>12</sup> A whale<sup>3</sup> of 30 m<sup>2</sup>, H<sub>2</sub>O</p>"
    )
    assert book.chapters[0].text == "A claim. A whale of 30 m², H2O"
    assert codes(book) == {"left_out_note_reference"}


HAND_MADE = {
    "gutenberg": (
        'Text<a id="r1"/><a href="#f1" class="fnanchor">[1]</a> goes on.',
        '<div class="footnote"><p><a id="f1"/><a href="#r1">[1]</a> The note.</p>'
        "<p>More.</p></div>",
    ),
    "raised": (
        'Text<sup><a id="r1" href="#f1">1</a></sup> goes on.',
        '<p id="f1"><a href="#r1">1</a>. The note.</p>',
    ),
    "list": (
        'Text<a id="r1" href="#f1"><sup>1</sup></a> goes on.',
        '<h2>Notes</h2><ol><li id="f1"><p>The note.</p><p>More. <a href="#r1">back</a>'
        "</p></li></ol>",
    ),
    "table": (
        'Text<a id="r1"/><a href="#f1"><span class="up">1</span></a> goes on.',
        '<table><tr><td><p><a id="f1"/><a href="#r1">1.</a></p></td><td>The note.</td></tr>'
        "</table>",
    ),
    "terms": (
        'Text<a href="#f1">*</a> goes on.',
        '<dl><dt id="f1">*</dt><dd>The note.</dd></dl>',
    ),
}


@pytest.mark.parametrize("case", HAND_MADE)
def test_notes_linked_by_hand(case: str) -> None:
    text, note = HAND_MADE[case]
    book = body(f"<p>{text}</p><p>Next.</p>{note}")
    assert book.chapters[0].text == "Text goes on.\n\nNext."
    assert codes(book) == {"left_out_note", "left_out_note_reference"}


def test_links_that_are_no_notes_stay() -> None:
    inner = '<p>See chapter <a href="#c">12</a> and <a href="#p">this</a>.</p><h2 id="c">12</h2>'
    book = body(inner + '<p id="p">12 men came.</p>')
    assert book.chapters[0].text == "See chapter 12 and this.\n\n12\n\n12 men came."
    assert book.notices == ()


def test_a_page_of_contents_is_left_out() -> None:
    links = "".join(f'<p><a href="a.xhtml#c{i}">Chapter {i}</a> {i}</p>' for i in range(5))
    book = body(f"<h2>CONTENTS</h2>{links}<p>Real text with a <a href='#x'>link</a>.</p>")
    assert book.chapters[0].text == "Real text with a link."
    assert codes(book) == {"left_out_contents"}


def test_a_page_that_the_spine_names_often_is_read_once() -> None:
    """All of them together would be more than an EPUB's pages may have."""
    book = epub({"a.xhtml": f"<p>{'A sentence of some words. ' * 1000}</p>"}, [("1", "a.xhtml")])
    package = str(unpacked(book)["OPS/book.opf"], "utf-8")
    (place,) = re.findall(r"<itemref [^>]*/>", package)
    package = package.replace(place, place * 2000)
    (chapter,) = read(archive({**unpacked(book), "OPS/book.opf": package})).chapters
    assert chapter.text.count("A sentence") == 1000


def test_navigation_in_the_spine_and_nonlinear_pages_are_left_out() -> None:
    pages = {"a.xhtml": "<p>A.</p>", "n.xhtml": "<p>Note.</p>"}
    data = epub(pages, [("1", "a.xhtml")], nonlinear=["n.xhtml"], nav_in_spine=True)
    book = read(data)
    assert texts(book) == {"1": "A."}
    assert codes(book) == {"left_out_navigation", "left_out_nonlinear"}


def test_paragraphs_lists_verse_tables_and_preformatted_text() -> None:
    inner = """<p>One
      two&nbsp;&mdash; three.</p><blockquote>Said<br/>in verse</blockquote>
      <ul><li>first</li><li><p>second</p></li></ul><pre>a  b
c</pre><table><tr><th>Name</th><td>Ann.</td><td>7</td></tr></table>bare<div>text</div>"""
    expected = [
        "One two\u00a0— three.", "Said\nin verse", "first", "second", "a b\nc", "Name, Ann. 7",
        "bare", "text",
    ]  # fmt: skip
    assert body(inner).chapters[0].text.split("\n\n") == expected


def test_words_are_never_joined_nor_cut() -> None:
    inner = (
        '<p><span class="drop">I</span>t wa<i>s</i> re<span epub:type="pagebreak">9</span>al, '
        "co\u00adoperate<b> </b>now</p><div>end</div>begin"
    )
    assert body(inner).chapters[0].text == "It was real, cooperate now\n\nend\n\nbegin"


def test_a_picture_of_a_first_letter_is_its_letter() -> None:
    book = body('<p><img src="i.png" alt="I"/>t was.</p>')
    assert book.chapters[0].text == "It was."


JPEG, PNG = b"\xff\xd8\xffpicture", b"\x89PNG\r\n\x1a\npicture"
COVERS = {
    "property": (3, "", "i", 'properties="cover-image"', ""),
    "id": (2, '<meta name="cover" content="i"/>', "i", "", ""),
    "path": (2, '<meta name="cover" content="c.jpg"/>', "i", "", ""),
    "guide": (2, "", "i", "", '<guide><reference type="cover" href="t.xhtml"/></guide>'),
    "name": (2, "", "cover", "", ""),
}


@pytest.mark.parametrize("data", [JPEG, PNG])
@pytest.mark.parametrize("case", COVERS)
def test_covers_are_found_however_declared_and_judged_by_bytes(case: str, data: bytes) -> None:
    version, metadata, identifier, more, guide = COVERS[case]
    item = f'<item id="{identifier}" href="c.jpg" media-type="image/jpg" {more}/>'
    files: dict[str, str | bytes] = {
        "OPS/c.jpg": data,
        "OPS/t.xhtml": page('<p><img src="c.jpg"/></p>'),
    }
    book = epub({"a.xhtml": "<p>A.</p>"}, [("1", "a.xhtml")], version=version, metadata=metadata,
                items=item, more=files)  # fmt: skip
    package = str(unpacked(book)["OPS/book.opf"], "utf-8").replace(
        "</package>", guide + "</package>"
    )
    cover = read(archive({**unpacked(book), "OPS/book.opf": package})).cover
    assert cover is not None
    assert (cover.media_type, cover.data) == ("image/png" if data == PNG else "image/jpeg", data)


@pytest.mark.parametrize("size", [None, 15 * 2**20, 15 * 2**20 + 1])
def test_a_cover_that_sound_files_cannot_carry_is_left_out(size: int | None) -> None:
    """Of another kind, or larger than a block of FLAC."""
    data = b"GIF89a" if size is None else PNG + random.Random(0).randbytes(size - len(PNG))
    item = '<item id="i" href="c.gif" media-type="image/gif" properties="cover-image"/>'
    pages, files = {"a.xhtml": "<p>A.</p>"}, {"OPS/c.gif": data}
    book = read(epub(pages, [("1", "a.xhtml")], items=item, more=files))
    if size == 15 * 2**20:
        assert book.cover is not None
        return
    assert (book.cover, codes(book)) == (None, {"cover_unusable"})


def test_metadata_of_epub_3_and_of_calibre() -> None:
    metadata = """<dc:creator id="a">Ann O.</dc:creator><dc:creator id="t">Tom T.</dc:creator>
<meta refines="#t" property="role" scheme="marc:relators">trl</meta>
<meta refines="#a" property="role">aut</meta><dc:date>2014-05-06T00:00:00Z</dc:date>
<dc:publisher>House</dc:publisher><dc:description>&lt;p&gt;Two &lt;b&gt;ships&lt;/b&gt;.&lt;/p&gt;
</dc:description><dc:identifier>urn:isbn:978-0-14-143951-8</dc:identifier>
<meta property="belongs-to-collection" id="c">Ships</meta>
<meta refines="#c" property="group-position">2</meta><dc:subject>Sea</dc:subject>"""
    book = read(epub({"a.xhtml": "<p>A.</p>"}, [("1", "a.xhtml")], metadata=metadata))
    assert book.authors == ("Ann O.",)
    assert book.metadata == BookMetadata(
        translators=("Tom T.",),
        series="Ships",
        series_number="2",
        published="2014-05-06",
        publisher="House",
        description="Two ships .",
        isbn="9780141439518",
        subjects=("Sea",),
    )
    assert book.metadata.year == "2014"
    calibre = """<dc:creator opf:role="aut">Ann</dc:creator><dc:contributor opf:role="trl">Tom
</dc:contributor><meta name="calibre:series" content="Ships"/>
<meta name="calibre:series_index" content="3.0"/><dc:date opf:event="modification">2020</dc:date>
<dc:date opf:event="publication">1999-01</dc:date>"""
    book = read(epub({"a.xhtml": "<p>A.</p>"}, [("1", "a.xhtml")], version=2, metadata=calibre))
    assert (book.metadata.translators, book.metadata.published) == (("Tom",), "1999-01")
    assert (book.metadata.series, book.metadata.series_number) == ("Ships", "3")


def test_a_page_that_cannot_be_read_is_named_and_the_rest_read() -> None:
    item = '<item id="g" href="gone.xhtml" media-type="application/xhtml+xml"/>'
    data = epub({"a.xhtml": "<p>A.</p>"}, [("1", "a.xhtml")], items=item)
    package = str(unpacked(data)["OPS/book.opf"], "utf-8")
    package = package.replace("</spine>", '<itemref idref="g"/></spine>')
    book = read(archive({**unpacked(data), "OPS/book.opf": package}))
    assert (texts(book), book.unreadable) == ({"1": "A."}, ("gone.xhtml",))
    assert codes(book) == {"file_missing", "page_unreadable"}


def test_no_text_names_the_pages_and_why() -> None:
    with pytest.raises(FieldError, match=r"OPS/a\.xhtml \(no text\)"):
        body('<img src="x.png" alt=""/>')


def test_fixed_layouts_are_refused() -> None:
    layout = '<meta property="rendition:layout">pre-paginated</meta>'
    with pytest.raises(FieldError) as refused:
        read(epub({"a.xhtml": "<p>A.</p>"}, [("1", "a.xhtml")], metadata=layout))
    assert refused.value.code == "fixed_layout"


def pronounced(book: Book) -> dict[str, str]:
    """Returns the phonemes of all words that a book's lexicons have."""
    return {
        entry.grapheme: " ".join("".join(word) for word in entry.phonemes) or entry.alias
        for lexicon in reversed(book.lexicons)
        for entry in lexicon.entries
    }


SSML = 'xmlns:ssml="http://www.w3.org/2001/10/synthesis" ssml:alphabet="ipa"'


def test_hints_of_pronunciation_are_a_lexicon() -> None:
    inner = f"""<div {SSML}>
<p>The <span ssml:ph="ˈnjuːlɪn">Newlyn</span> pier.</p>
<p><i ssml:ph="x">Newlyn</i> <i ssml:alphabet="x-sampa" ssml:ph="y">Two</i></p></div>"""
    book = body(inner)
    assert pronounced(book) == {"Newlyn": "njˈulɪn"}
    assert book.chapters[0].text == "The Newlyn pier.\n\nNewlyn Two"
    assert "pronunciation_refused" in codes(book)


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ('<p>Mind the <i ssml:ph="lɛd">lead</i>.</p>', {"lead": "lɛd"}),
        ('<p>Mind the <i ssml:ph="lɛd">lead</i>; they lead.</p>', {}),
        ('<p><i ssml:ph="liːd">lead</i> <i ssml:ph="lɛd">lead</i></p>', {}),
    ],
)
def test_hints_of_homographs_count_where_the_book_has_one_reading(
    inner: str, expected: dict[str, str]
) -> None:
    assert pronounced(body(f"<div {SSML}>{inner}</div>")) == expected


def pls(language: str, *lexemes: str) -> str:
    namespace = "http://www.w3.org/2005/01/pronunciation-lexicon"
    return (
        f'<lexicon version="1.0" xmlns="{namespace}" alphabet="ipa" xml:lang="{language}">'
        f"{''.join(f'<lexeme>{lexeme}</lexeme>' for lexeme in lexemes)}</lexicon>"
    )


def test_lexicons_that_pages_link_or_the_manifest_lists() -> None:
    linked = pls(
        "en",
        "<grapheme>Keigwin</grapheme><phoneme>kɛɡwɪn</phoneme>",
        "<grapheme>GWR</grapheme><alias>Great Western Railway</alias>",
        '<grapheme>Bad</grapheme><phoneme alphabet="x-sampa">b{d</phoneme>',
    )
    listed = pls("en-GB", "<grapheme>Keigwin</grapheme><phoneme>kiːɡ</phoneme>")
    french = pls("fr", "<grapheme>pier</grapheme><phoneme>pje</phoneme>")
    text = page("<p>Keigwin took the GWR to the pier.</p>").replace(
        "</head>", '<link rel="pronunciation" hreflang="en" href="lex/a.pls"/></head>'
    )
    item = '<item id="{0}" href="lex/{0}.pls" media-type="application/pls+xml"/>'
    data = epub(
        {"a.xhtml": text},
        [("One", "a.xhtml")],
        items="".join(map(item.format, ("b", "c", "d"))),
        more={
            "OPS/lex/a.pls": linked,
            "OPS/lex/b.pls": listed,
            "OPS/lex/c.pls": french,
            "OPS/lex/d.pls": "<lexicon",
        },
    )
    book = read(data)
    assert [lexicon.name for lexicon in book.lexicons] == ["OPS/lex/a.pls", "OPS/lex/b.pls"]
    assert pronounced(book) == {"Keigwin": "kɛɡwɪn", "GWR": "Great Western Railway"}
    refused = [n.message for n in book.notices if n.code == "pronunciation_refused"]
    assert len(refused) == 2


def misnamed(href: str, entry: str, flag: bool = True) -> Book:
    """A book whose package and contents name a page in another way than the zip does."""
    data = unpacked(epub({"Text/a.xhtml": "<p>A.</p>"}, [("1", "Text/a.xhtml")]))
    files: dict[str, str | bytes] = {}
    for name, content in data.items():
        text = (
            content
            if name.endswith("mimetype")
            else str(content, "utf-8").replace("Text/a.xhtml", href)
        )
        files[entry if name == "OPS/Text/a.xhtml" else name] = text
    packed = archive(files)
    if not flag:  # UTF-8 in the names, and no flag that says so
        packed = packed.replace(b"\x00\x08\x08\x00", b"\x00\x00\x08\x00")
        packed = packed.replace(b"\x00\x00\x08\x08", b"\x00\x00\x00\x08")
    return read(packed)


NAMES = {
    "backslash in the package": ("Text\\a.xhtml", "OPS/Text/a.xhtml"),
    "backslash in the zip": ("Text/a.xhtml", "OPS\\Text\\a.xhtml"),
    "leading slash": ("/OPS/Text/a.xhtml", "OPS/Text/a.xhtml"),
    "from the root": ("OPS/Text/a.xhtml", "OPS/Text/a.xhtml"),
    "dots": ("../OPS/./Text/a.xhtml", "OPS/Text/a.xhtml"),
    "case": ("text/A.XHTML", "OPS/Text/a.xhtml"),
    "fragment": ("Text/a.xhtml#top", "OPS/Text/a.xhtml"),
    "query": ("Text/a.xhtml?v=2", "OPS/Text/a.xhtml"),
    "percent": ("Text/a%20b.xhtml", "OPS/Text/a b.xhtml"),
    "percent in the zip": ("Text/a%20b.xhtml", "OPS/Text/a%20b.xhtml"),
    "blank unescaped": ("Text/a b.xhtml", "OPS/Text/a%20b.xhtml"),
    "composed": ("Text/m\u00e8re.xhtml", "OPS/Text/me\u0300re.xhtml"),
    "decomposed": ("Text/me%CC%80re.xhtml", "OPS/Text/m\u00e8re.xhtml"),
    "another folder": ("text/pages/a.xhtml", "OPS/a.xhtml"),
}


@pytest.mark.parametrize("case", NAMES)
def test_files_are_found_as_reading_systems_find_them(case: str) -> None:
    book = misnamed(*NAMES[case])
    assert (texts(book), book.unreadable) == ({"1": "A."}, ())


def test_two_files_that_a_name_could_mean_are_none() -> None:
    data = unpacked(epub({"a.xhtml": "<p>A.</p>", "c.xhtml": "<p>C.</p>"}, [("1", "a.xhtml")]))
    page_a = data.pop("OPS/a.xhtml")
    book = read(archive({**data, "OPS/A.xhtml": page_a, "OPS/a.XHTML": page_a}))
    assert (texts(book), book.unreadable) == ({"A Book": "C."}, ("a.xhtml",))


ENCODED = {
    "meta charset": ("windows-1251", '<meta charset="windows-1251"/>', "Привет"),
    "http-equiv": ("shift_jis", "<meta content='text/html; charset=Shift_JIS'>", "東京"),
    "utf-8 declared as latin": ("utf-8", '<?xml version="1.0" encoding="iso-8859-1"?>', "naïve—"),
    "latin declared as utf-8": ("cp1252", '<?xml version="1.0" encoding="utf-8"?>', "naïve—"),
    "utf-16 declared, ASCII": ("ascii", '<?xml version="1.0" encoding="utf-16"?>', "naive"),
    "utf-16": ("utf-16", '<?xml version="1.0"?>', "naïve"),
}  # fmt: skip


@pytest.mark.parametrize("case", ENCODED)
def test_encodings_are_read_as_browsers_do(case: str) -> None:
    encoding, declared, word = ENCODED[case]
    data = f"{declared}<html><head></head><body><p>{word}</p></body></html>".encode(encoding)
    files = unpacked(epub({"a.xhtml": ""}, [("1", "a.xhtml")]))
    assert texts(read(archive({**files, "OPS/a.xhtml": data}))) == {"1": word}


def test_a_broken_table_of_contents_costs_only_itself() -> None:
    pages = {"a.xhtml": "<h1>One</h1><p>A.</p>", "b.xhtml": "<h1>Two</h1><p>B.</p>"}
    files = unpacked(epub(pages, [("1", "a.xhtml")], version=2))
    for broken in (b"", b"<ncx><navMap>", b"\0\1\2", b"<ncx><navMap><navPoint/></navMap>"):
        book = read(archive({**files, "OPS/toc.ncx": broken}))
        assert [c.text for c in book.chapters] == ["One\n\nA.", "Two\n\nB."], broken
        assert not book.unreadable


def test_books_of_pictures_are_refused() -> None:
    pages = {f"{n}.xhtml": "<p><img src='x' alt='two ships'/></p>" for n in range(12)}
    with pytest.raises(FieldError) as refused:
        read(epub({**pages, "t.xhtml": f"<p>{'Credits. ' * 20}</p>"}, [("1", "t.xhtml")]))
    assert refused.value.code == "image_only"


def test_a_link_may_lead_into_what_is_left_out() -> None:
    inner = '<p>Old.</p><div hidden=""><a id="c"/></div><p>New.</p>'
    book = read(epub({"a.xhtml": inner}, [("1", "a.xhtml"), ("2", "a.xhtml#c")]))
    assert texts(book) == {"1": "Old.", "2": "New."}


def test_choices_of_game_books_are_read_and_pagers_are_not() -> None:
    choices = "".join(f'<p><a href="#s{n}">If you go on, turn to {n}</a></p>' for n in range(4))
    pager = (
        '<p><a href="b.xhtml">Next page</a></p><h4>Previous topic</h4><p><a href="#x">Ships</a></p>'
    )
    book = body(f"<p>You wake.</p>{choices}{pager}")
    expected = ["You wake.", *(f"If you go on, turn to {n}" for n in range(4))]
    assert book.chapters[0].text.split("\n\n") == expected
    assert codes(book) == {"left_out_navigation"}


MEANT = {
    "quotation": ("He said <q>come <q>in</q></q>.", "He said “come ‘in’”."),
    "verses": (
        "<p><sup>1</sup>One. <sup>2</sup>Two.</p><p><sup>3</sup> Three m<sup>2</sup>.</p>",
        "One. Two.\n\nThree m².",
    ),
    "exponent": ("2<sup>n</sup> and 4<sup>th</sup>, x<sup>2</sup>", "2 to the n and 4th, x²"),
    "items": ("<ol><li>a</li><li value='7'>b</li></ol>", "1. a\n\n7. b"),
    "letters": ("<ol type='A' start='3'><li><p>a</p></li></ol>", "C. a"),
    "unnumbered": ("<ol style='list-style: none'><li>a</li></ol>", "a"),
    "picture of a heading": ("<h2><img src='x' alt='Chapter One'/></h2>a", "Chapter One\n\na"),
    "formula": ("<p>So <math alttext='x squared'><mi>x</mi></math> is.</p>", "So x squared is."),
    "latex": (r"<p>So <math alttext='\binom{x}{2}'><mtable/></math> is.</p>", "So is."),
    "page marks": ("a <span class='pg'>{p. 13}</span>b <a id='p14'>14</a> c", "a b c"),
    "no page mark": ("a <span class='year'>1914</span> b [12]", "a 1914 b [12]"),
    "own number": ("<p id='n4'><a href='#n4'>4</a> Text.</p>", "Text."),
    "permalink": ("<h2>One<a href='#one'>¶</a></h2><p>a</p>", "One\n\na"),
    "rule": ("<p>a</p><hr/><p>***</p><p>b</p>", "a\n\n* * *\n\nb"),
    "ornament": ("<p>a</p><p><img src='x' alt=''/></p><p>b</p>", "a\n\n* * *\n\nb"),
    "spaced": ("<h2>C H A P T E R&nbsp;&nbsp;O N E</h2>", "CHAPTER ONE"),
    "cut word": ("<p>inter-\n   national</p>", "inter-\nnational"),
    "number with zeros": ("<h2>003. The Return</h2><p>a</p>", "3. The Return\n\na"),
    "landmarks": ("<div role='contentinfo'>x</div>a<footer>x</footer>", "a"),
}


@pytest.mark.parametrize("case", MEANT)
def test_what_is_meant_is_read(case: str) -> None:
    inner, expected = MEANT[case]
    assert body(inner).chapters[0].text == expected


STYLES = {
    "class": (".h {display: none}", 'class="h"', False),
    "print only": ("@media print {.h {display: none}}", 'class="h"', True),
    "overridden": (".h {display: none} p.h {display: block}", 'class="h"', True),
    "important": (".h {display: none !important} p.h {display: block}", 'class="h"', False),
    "attribute wins": (".h {display: none}", 'class="h" style="display: block"', True),
    "descendant": ("body > div .x {visibility: hidden}", 'class="x"', False),
    "pseudo-element": (".h::after {display: none}", 'class="h"', True),
    "name only": ("", 'class="hidden running-header"', True),
}


@pytest.mark.parametrize("case", STYLES)
def test_hidden_is_what_the_computed_style_hides(case: str) -> None:
    css, attributes, shown = STYLES[case]
    files = {"OPS/a.css": css}
    inner = f"<link rel='stylesheet' href='a.css'/><div><p>a</p><p {attributes}>b</p></div>"
    book = read(epub({"a.xhtml": inner}, [("1", "a.xhtml")], more=files))
    assert book.chapters[0].text == ("a\n\nb" if shown else "a")


def test_damaged_markup_is_read_as_browsers_would() -> None:
    book = body('<p>One <b>two</p><a id="x"/><p>three & four &hellip; <br>five')
    assert book.chapters[0].text == "One two\n\nthree & four …\nfive"
    assert "markup_mended" in codes(book)


def test_a_missing_picture_does_not_cost_the_book() -> None:
    item = '<item id="i" href="gone.png" media-type="image/png"/>'
    book = read(epub({"a.xhtml": "<p>A.</p>"}, [("1", "a.xhtml")], items=item))
    assert (texts(book), codes(book)) == ({"1": "A."}, {"file_missing"})


def test_a_book_that_ebooklib_wrote() -> None:
    """A file that another program wrote: ebooklib 0.20, with navigation document and NCX."""
    written = Path(__file__).with_name("written_by_ebooklib.epub")
    book = read(written.read_bytes())
    assert (book.title, book.authors, book.language) == ("Written", ("Ann",), "en")
    assert texts(book) == {"One": "One\n\nText of One.", "Two": "Two\n\nText of Two."}


GOOD = epub({"a.xhtml": "<p>A.</p>"}, [("1", "a.xhtml")])
ENCRYPTION = """<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"
 xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>
 <enc:EncryptionMethod Algorithm="{}"/><enc:CipherData/></enc:EncryptedData></encryption>"""
BOMB = '<!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
XXE = '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


def changed(**files: str | bytes) -> bytes:
    return archive({**unpacked(GOOD), **{k.replace("__", "/"): v for k, v in files.items()}})


REFUSED = {
    "no zip": b"PK\x03\x04 but no zip",
    "cut off": GOOD[:-200],
    "not an EPUB": archive({"a.txt": "x"}),
    "zip bomb": changed(**{"OPS/x.bin": b"\0" * (60 * 2**20)}),
    "names outside": changed(**{"../../etc/passwd": "x"}),
    "absolute name": changed(**{"/etc/passwd": "x"}),
    "protected": changed(
        **{"META-INF/encryption.xml": ENCRYPTION.format("http://www.w3.org/2001/04/xmlenc#aes128")}
    ),
    "entities": changed(**{"OPS/a.xhtml": BOMB + page("&b;").split("?>", 1)[1]}),
    "external entity": changed(**{"OPS/a.xhtml": XXE + page("&x;").split("?>", 1)[1]}),
    "entities in the package": changed(**{"OPS/nav.xhtml": XXE + page("&x;").split("?>", 1)[1]}),
    "no package": changed(**{"OPS/book.opf": "<package"}),
    "no spine": changed(
        **{
            "OPS/book.opf": str(unpacked(GOOD)["OPS/book.opf"], "utf-8").replace(
                '<itemref idref="p0" linear="yes"/>', ""
            )
        }
    ),
    "no text": epub({"a.xhtml": "<p> </p>"}, [("1", "a.xhtml")]),
    "too deep": epub({"a.xhtml": "<div>" * 300 + "x" + "</div>" * 300}, [("1", "a.xhtml")]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_the_field_named(case: str) -> None:
    with pytest.raises(FieldError) as refused:
        read(REFUSED[case])
    assert refused.value.field == "file"
    assert refused.value.code == {"protected": "encrypted", "no text": "unspeakable_text"}.get(
        case, "invalid_field"
    )


def test_an_entity_of_the_package_is_not_expanded() -> None:
    package = str(unpacked(GOOD)["OPS/book.opf"], "utf-8").split("?>", 1)[1]
    data = changed(**{"OPS/book.opf": XXE + package.replace("A Book", "A &x; Book")})
    assert "root:" not in read(data).title


def test_scrambled_fonts_are_no_protection() -> None:
    obfuscation = ENCRYPTION.format("http://www.idpf.org/2008/embedding")
    assert texts(read(changed(**{"META-INF/encryption.xml": obfuscation}))) == {"1": "A."}
