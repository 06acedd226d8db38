# ruff: noqa: E501
"""Small books of the kinds of ``shared/cases/books`` in other shapes: what is read, what is not.

Compared without case, signs and spaces.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from core.book import Optional, ReadingOptions
from tests.epub_files import CONTAINER, archive, epub
from text.books.reader import read_book

HTML = (
    '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body>{}</body></html>'
)
_WORD = re.compile(r"[^\W_]+")
ONE, TWO = "<p>First text here.</p>", "<p>Second text here.</p>"
PNG, JPEG = b"\x89PNG\r\n\x1a\n" + b"0" * 40, b"\xff\xd8\xff\xe0" + b"0" * 40


class Kind(NamedTuple):
    """A book and what is right of it."""

    data: bytes
    wanted: str
    """Phrases that are read, parted by bars."""
    unwanted: str = ""
    titles: tuple[str, ...] = ()
    """Of the last chapters."""
    scenes: int | None = None
    """Number of scene breaks."""
    cover: str = ""
    include: tuple[Optional, ...] = ReadingOptions().include
    say_titles: bool = False


def package(manifest: str, *spine: str) -> str:
    """Returns a package document."""
    order = "".join(f'<itemref idref="{name}"/>' for name in spine)
    return (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>T</dc:title></metadata>'
        f"<manifest>{manifest}</manifest><spine>{order}</spine></package>"
    )


def item(name: str, href: str, media_type: str = "application/xhtml+xml") -> str:
    """Returns a line of the manifest."""
    return f'<item id="{name}" href="{href}" media-type="{media_type}"/>'


def container(path: str) -> str:
    """Returns the container file of a package elsewhere."""
    return CONTAINER.replace("OPS/book.opf", path)


KINDS: dict[str, Kind] = {
    "prefix-ns.epub": Kind(
        archive(
            {
                "mimetype": "application/epub+zip",
                "META-INF/container.xml": container("a/p.opf")
                .replace("<container", "<c:container")
                .replace("</container", "</c:container")
                .replace("<rootfile", "<c:rootfile")
                .replace("</rootfile", "</c:rootfile")
                .replace("xmlns=", "xmlns:c="),
                "a/p.opf": '<opf:package xmlns:opf="http://www.idpf.org/2007/opf" version="2.0"><opf:metadata><dc:title xmlns:dc="http://purl.org/dc/elements/1.1/">T</dc:title></opf:metadata><opf:manifest><opf:item id="a" href="x/1.xhtml" media-type="application/xhtml+xml"/><opf:item id="b" href="x/2.xhtml" media-type="application/xhtml+xml"/></opf:manifest><opf:spine><opf:itemref idref="a"/><opf:itemref idref="b"/></opf:spine></opf:package>',
                "a/x/1.xhtml": HTML.format(ONE),
                "a/x/2.xhtml": HTML.format(TWO),
            }
        ),
        "First text|Second text",
    ),
    "percent.epub": Kind(
        archive(
            {
                "META-INF/container.xml": container("OPS/b.opf"),
                "OPS/b.opf": package(
                    item("a", "Kapitel%20%C3%A4.xhtml") + item("b", "b&amp;c.xhtml"), "a", "b"
                ),
                "OPS/Kapitel ä.xhtml": HTML.format(ONE),
                "OPS/b&c.xhtml": HTML.format(TWO),
            }
        ),
        "First text|Second text",
    ),
    "nfd.epub": Kind(
        archive(
            {
                "META-INF/container.xml": container("OPS/b.opf"),
                "OPS/b.opf": package(
                    item("a", "cafe\u0301.xhtml") + item("b", "B.XHTML"), "a", "b"
                ),
                "OPS/café.xhtml": HTML.format(ONE),
                "OPS/b.xhtml": HTML.format(TWO),
            }
        ),
        "First text|Second text",
    ),
    "dotdot.epub": Kind(
        archive(
            {
                "META-INF/container.xml": container("OPS/pkg/b.opf"),
                "OPS/pkg/b.opf": package(
                    item("a", "../Text/a.xhtml") + item("b", "./../Text//b.xhtml#frag"), "a", "b"
                ),
                "OPS/Text/a.xhtml": HTML.format(ONE),
                "OPS/Text/b.xhtml": HTML.format(TWO),
            }
        ),
        "First text|Second text",
    ),
    "utf16.epub": Kind(
        archive(
            {
                "META-INF/container.xml": container("b.opf"),
                "b.opf": package(item("a", "a.xhtml") + item("b", "b.xhtml"), "a", "b")
                .replace('<?xml version="1.0"?>', '<?xml version="1.0" encoding="utf-16"?>')
                .encode("utf-16"),
                "a.xhtml": ('<?xml version="1.0" encoding="utf-16"?>' + HTML.format(ONE)).encode(
                    "utf-16"
                ),
                "b.xhtml": (
                    '<?xml version="1.0" encoding="utf-8"?>'
                    + HTML.format("<p>Café second text.</p>")
                ).encode("cp1252"),
            }
        ),
        "First text|Café second text",
    ),
    "bom-junk.epub": Kind(
        archive(
            {
                "META-INF/container.xml": b"\xef\xbb\xbf" + CONTAINER.encode(),
                "OPS/book.opf": b"\xef\xbb\xbf\n"
                + package(item("a", "a.html", "text/html"), "a").encode(),
                "OPS/a.html": b"\xef\xbb\xbf<!DOCTYPE html><HTML><BODY><P>First text here.<P>Second text here.<BR>Third</BODY></HTML>",
            }
        ),
        "First text|Second text|Third",
    ),
    "no-manifest-type.epub": Kind(
        archive(
            {
                "META-INF/container.xml": CONTAINER,
                "OPS/book.opf": package(
                    '<item id="a" href="a.htm"/>' + item("b", "b.xml", "text/xml"), "a", "b"
                ),
                "OPS/a.htm": "<p>First text here.</p>",
                "OPS/b.xml": HTML.format(TWO),
            }
        ),
        "First text|Second text",
    ),
    "zip-prefix.epub": Kind(
        b"junk before" * 3 + epub({"a.xhtml": ONE, "b.xhtml": TWO}, [("One", "a.xhtml")]),
        "First text|Second text",
    ),
    "folder-wrap.epub": Kind(
        archive(
            {
                "mybook/META-INF/container.xml": CONTAINER,
                "mybook/OPS/book.opf": package(item("a", "a.xhtml"), "a"),
                "mybook/OPS/a.xhtml": HTML.format(ONE),
            }
        ),
        "First text",
    ),
    "ncx-bad.epub": Kind(
        epub(
            {"a.xhtml": "<h1>Alpha</h1>" + ONE, "b.xhtml": "<h1>Beta</h1>" + TWO},
            version=2,
            items='<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>',
            more={"OPS/toc.ncx": "<ncx><navMap><navPoint>"},
        ),
        "First text|Second text",
        titles=(
            "Alpha",
            "Beta",
        ),
    ),
    "nav-dirs.epub": Kind(
        epub(
            {"Text/c1.xhtml": "<h2>Alpha</h2>" + ONE, "Text/c2.xhtml": "<h2>Beta</h2>" + TWO},
            [("Alpha", "c1.xhtml"), ("Beta", "c2.xhtml#nope")],
        ),
        "First text|Second text",
        titles=(
            "Alpha",
            "Beta",
        ),
    ),
    "spine-missing-page.epub": Kind(
        epub({"a.xhtml": ONE}, [("One", "a.xhtml")], items=item("z", "gone.xhtml")), "First text"
    ),
    "html-entities.epub": Kind(
        archive(
            {
                "META-INF/container.xml": CONTAINER,
                "OPS/book.opf": package(item("a", "a.xhtml"), "a"),
                "OPS/a.xhtml": '<!DOCTYPE html [<!ENTITY pub "The House"><!ENTITY mdash "&#8212;">]><html xmlns="http://www.w3.org/1999/xhtml"><body><p>Printed by &pub;&mdash;caf&eacute;&nbsp;one &ldquo;go&rdquo; &amp; come.</p></body></html>',
            }
        ),
        "Printed by The House|café one|go",
    ),
    "hidden2.epub": Kind(
        epub(
            {
                "a.xhtml": '<style>.x{display:none} #y{visibility:hidden} @media print{.z{display:none}} p.w{DISPLAY : NONE !important}</style><p class="x">Ghost one.</p><p id="y">Ghost two.</p><p class="z">Seen print.</p><p class="w">Ghost three.</p><p hidden="">Ghost four.</p><p style="display:none">Ghost five.</p><p aria-hidden="true">Maybe.</p>'
                + ONE
            }
        ),
        "Seen print|First text",
        "Ghost",
    ),
    "footer-role.epub": Kind(
        epub(
            {
                "a.xhtml": '<div role="navigation"><a href="b.xhtml">Forward</a></div><header role="banner">Site banner</header>'
                + ONE
                + '<footer role="contentinfo">Made with Pub 3</footer>',
                "b.xhtml": TWO,
            }
        ),
        "First text|Second text",
        "Forward|Made with",
    ),
    "pagenum.epub": Kind(
        epub(
            {
                "a.xhtml": '<p>She walked<span epub:type="pagebreak" id="p12" title="12">12</span> on.</p><p>He<a id="page_13" class="pagenum">[Pg 13]</a> ran.</p><p class="pagenum">14</p><span role="doc-pagebreak">15</span>'
                + ONE
            }
        ),
        "She walked on|He ran|First text",
        "12|13|14|15",
    ),
    "selflink.epub": Kind(
        epub(
            {
                "a.xhtml": '<h2 id="s1">Title<a class="headerlink" href="#s1" title="Permalink">¶</a></h2><p id="p1"><a href="#p1">1</a> Alpha text.</p><p id="p2"><a href="#p2">2</a> Beta text.</p>'
            }
        ),
        "Title|Alpha text|Beta text",
        "1 Alpha|2 Beta",
    ),
    "notes2.epub": Kind(
        epub(
            {
                "a.xhtml": '<p>Main<a epub:type="noteref" href="#f1">*</a> text<sup><a href="notes.xhtml#n2">2</a></sup>.</p><aside epub:type="footnote" id="f1"><p>Star note.</p></aside><div class="after">'
                + ONE
                + "</div>",
                "notes.xhtml": '<h1>Notes</h1><p id="n2"><a href="a.xhtml#r2">2.</a> Two note.</p>',
            },
            [("One", "a.xhtml"), ("Notes", "notes.xhtml")],
        ),
        "Main text|First text",
        "Star note|Two note",
    ),
    "notes-in.epub": Kind(
        epub(
            {
                "a.xhtml": '<p>Main<a epub:type="noteref" href="#f1">*</a> text.</p><aside epub:type="footnote" id="f1"><p>Star note.</p></aside>'
                + ONE
            }
        ),
        "Main text|Star note|First text",
        "",
        include=("notes", "asides", "tables", "captions"),
    ),
    "scene2.epub": Kind(
        epub(
            {
                "a.xhtml": '<p>Before one.</p><p class="c">• • •</p><p>After one.</p><hr class="sep"/><p>After two.</p><p>~~~</p><p>After three.</p><p><img src="orn.png" alt=""/></p><p>After four.</p><p>⁂</p><p>After five.</p><div>***</div><p>After six.</p><p>-oOo-</p><p>After seven.</p>'
            }
        ),
        "Before one|After one|After seven",
        "bullet|tilde|star|oOo",
        scenes=7,
    ),
    "ol2.epub": Kind(
        epub(
            {
                "a.xhtml": '<ol start="4"><li><p>Four open.</p></li><li value="9">Nine pour.</li></ol><ol type="A"><li>Apple.</li></ol><ol reversed="reversed"><li>Later a.</li><li>Later b.</li></ol><ul><li>Bullet text.</li></ul>'
            }
        ),
        "4. Four open|9. Nine pour|A. Apple|Bullet text",
    ),
    "del2.epub": Kind(
        epub(
            {
                "a.xhtml": "<p>Keep <del>gone</del><ins>added</ins> this <s>struck</s> H<sub>2</sub>O and E=mc<sup>2</sup>, the 3<sup>rd</sup> time.</p>"
            }
        ),
        "Keep added this|the 3rd time",
        "gone|struck",
    ),
    "imgtitle2.epub": Kind(
        epub(
            {
                "a.xhtml": '<h2><img src="t.png" alt="Chapter Two: The Sea"/></h2>' + ONE,
                "b.xhtml": '<div class="heading"><p><img src="x.png" alt="CHAPTER III"/></p></div><p><img class="dropcap" src="t.png" alt="T"/>he end came.</p>',
            }
        ),
        "Chapter Two: The Sea|First text|The end came",
    ),
    "svgcover.epub": Kind(
        epub(
            {
                "cover.xhtml": '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="c.jpg"/></svg>',
                "a.xhtml": ONE,
            },
            metadata='<meta name="cover" content="cimg"/>',
            items='<item id="cimg" href="c.jpg" media-type="image/jpeg"/>',
            more={"OPS/c.jpg": b"\x89PNG\r\n\x1a\n" + b"0" * 40},
        ),
        "First text",
        cover="image/png",
    ),
    "cover-guide.epub": Kind(
        epub(
            {"a.xhtml": ONE},
            version=2,
            items='<item id="q" href="pic.jpg" media-type="image/jpeg"/>',
            more={
                "OPS/pic.jpg": b"\xff\xd8\xff\xe0" + b"0" * 40,
                "OPS/cov.xhtml": HTML.format('<img src="pic.jpg" alt="c"/>'),
            },
        ),
        "First text",
    ),
    "saytitles.epub": Kind(
        epub(
            {"a.xhtml": ONE, "b.xhtml": TWO}, [("The Beginning", "a.xhtml"), ("The End", "b.xhtml")]
        ),
        "The Beginning|First text|The End|Second text",
        "",
        say_titles=True,
    ),
    "code-table.epub": Kind(
        epub(
            {
                "a.xhtml": '<pre><code>print("x")</code></pre><table><caption>Cap text.</caption><tr><th>Town</th><th>Pop</th></tr><tr><td>Rome</td><td>3</td></tr></table><figure><img src="a.png" alt="a"/><figcaption>Fig text.</figcaption></figure>'
                + ONE
            }
        ),
        "Town|Rome|Cap text|Fig text|First text",
        "print",
    ),
    "nocap.epub": Kind(
        epub(
            {
                "a.xhtml": '<pre>print("x")</pre><table><tr><td>Rome</td><td>3</td></tr></table><figure><figcaption>Fig text.</figcaption></figure>'
                + ONE
            }
        ),
        "print|First text",
        "Rome|Fig text",
        include=("code",),
    ),
    "math2.epub": Kind(
        epub(
            {
                "a.xhtml": '<p>Let <math xmlns="http://www.w3.org/1998/Math/MathML" alttext="a over b"><mfrac><mi>a</mi><mi>b</mi></mfrac></math> be.</p><p>Then <img class="tex" src="m.png" alt="\\frac{a}{b}"/> holds.</p>'
            }
        ),
        "Let a over b be|Then|holds",
        "frac",
    ),
    "game.epub": Kind(
        epub(
            {
                "a.xhtml": '<h2>1</h2><p>You stand at a door.</p><ul><li><a href="#s2">Open the door</a></li><li><a href="#s3">Walk away from it</a></li><li><a href="#s4">Listen first</a></li></ul><h2 id="s2">2</h2><p>It opens.</p><h2 id="s3">3</h2><p>You leave.</p><h2 id="s4">4</h2><p>Nothing.</p>'
            }
        ),
        "Open the door|Walk away from it|Listen first|It opens",
    ),
    "tocpage.epub": Kind(
        epub(
            {
                "toc.xhtml": '<h1>Contents</h1><p><a href="a.xhtml">The Alpha Matter</a></p><p><a href="b.xhtml">The Beta Matter</a></p><p><a href="b.xhtml#z">The Gamma Matter</a></p>',
                "a.xhtml": "<h1>The Alpha Matter</h1>" + ONE,
                "b.xhtml": "<h1>The Beta Matter</h1>"
                + TWO
                + '<h1 id="z">The Gamma Matter</h1><p>Third text.</p>',
            },
            [
                ("The Alpha Matter", "a.xhtml"),
                ("The Beta Matter", "b.xhtml"),
                ("The Gamma Matter", "b.xhtml#z"),
            ],
        ),
        "First text|Second text|Third text",
        "Contents",
    ),
    "bidi-soft.epub": Kind(
        epub(
            {
                "a.xhtml": "<p>Co\xadoper\xadation w\u200bord in\u2060side e\ufb03cient \u202atext\u202c.</p><p>T H E   S T O R M</p><h1>T H E  E N D</h1>"
            }
        ),
        "Cooperation|word|inside",
    ),
    "ruby.epub": Kind(
        epub(
            {"a.xhtml": "<p><ruby>Tokyo<rp>(</rp><rt>toe-kyo</rt><rp>)</rp></ruby> is large.</p>"}
        ),
        "Tokyo is large",
        "toe",
    ),
    "verses.epub": Kind(
        epub(
            {
                "a.xhtml": "<p><sup>1</sup>In the beginning. <sup>2</sup>And the earth. <sup>3</sup>And God. <sup>4</sup>And light.</p>"
            }
        ),
        "In the beginning. And the earth|And light",
        "1 In|2 And",
    ),
    "nested-blocks.epub": Kind(
        epub(
            {
                "a.xhtml": "<div>Loose one<p>Inner.</p>tail<section>Sec<blockquote>Quote</blockquote>end</section></div><dl><dt>Term</dt><dd>Meaning</dd></dl><center>Mid</center><font>Fnt</font>"
            }
        ),
        "Loose one|Inner|tail|Sec|Quote|end|Term|Meaning|Mid|Fnt",
    ),
    "pager.epub": Kind(
        epub(
            {
                "a.xhtml": '<p><a href="b.xhtml">Next »</a> | <a href="t.xhtml">Contents</a></p>'
                + ONE
                + '<h4>Previous topic</h4><p class="topless"><a href="z.xhtml">Intro chapter</a></p>',
                "b.xhtml": TWO + '<p>[ <a href="a.xhtml">Back</a> ]</p>',
            }
        ),
        "First text|Second text",
        "Next|Previous topic|Intro chapter|Back",
    ),
    "cp1252.txt": Kind(
        "CHAPTER ONE\r\n\r\nThe café said \x93hello\x94.\r\n\r\n*****\r\n\r\nThen naïve.\r\n".encode(
            "latin-1"
        ),
        "café|hello|naïve",
        "star|asterisk",
    ),
    "utf16.txt": Kind(
        "\ufeffPart One\n\nSome text é.\n\nPart Two\n\nMore text.\n".encode("utf-16-le"),
        "Some text é|More text",
        titles=(
            "Part One",
            "Part Two",
        ),
    ),
    "gut.txt": Kind(
        b"The Project Gutenberg eBook of X\n\n*** START OF THE PROJECT GUTENBERG EBOOK X ***\n\nProduced by Y\n\nCHAPTER I\n\nReal text starts\nhere on two lines.\n\n     *     *     *\n\nMore _italic_ text.[1]\n\n*** END OF THE PROJECT GUTENBERG EBOOK X ***\n\nLicence text",
        "Real text starts here on two lines|More italic text",
        "Licence|eBook of X",
    ),
    "md2.md": Kind(
        b'---\ntitle: "My: Book"\nauthors: [A B, C D]\n---\n\n# One {#one .cls}\n\nText with `code` and [link](http://x.y) ~~gone~~ **bold**.\n\n- [ ] open item\n- [x] done item\n\n***\n\n```python\nprint(1)\n```\n\n| a | b |\n|--|--|\n| Rome | 3 |\n\n# Two\n\nA note[^1] here. $x$ is. <!-- hid -->\n\n[^1]: Note text.\n',
        "Text with code and link bold|open item|done item|Rome|A note here",
        "gone|print|Note text|hid|cls",
    ),
    "setext.md": Kind(
        b"Title\n=====\n\nOne\n---\n\nAlpha.\n\nTwo\n---\n\n1. first\n2. second\n\n> quoted\n",
        "Alpha|1. first|2. second|quoted",
        titles=(
            "Title",
            "One",
            "Two",
        ),
    ),
    "page.html": Kind(
        b"<!doctype html><html><head><meta charset='iso-8859-1'><title>My Page</title><style>nav{display:none}</style></head><body><nav>Menu</nav><h1>A</h1><p>caf\xe9 text<h1>B</h1><p>more<script>x()</script><template>tt</template></body></html>",
        "café text|more",
        "Menu|x()|tt",
    ),
    "fb.fb2": Kind(
        '<?xml version="1.0" encoding="windows-1251"?><FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0" xmlns:l="http://www.w3.org/1999/xlink"><description><title-info><book-title>Fb</book-title><author><first-name>A</first-name><last-name>B</last-name></author></title-info></description><body><section><title><p>One</p></title><p>Alpha<a l:href="#n1" type="note">1</a> text.</p><empty-line/><p>Beta.</p></section></body><body name="notes"><section id="n1"><p>Note text.</p></section></body></FictionBook>'.encode(
            "cp1251"
        ),
        "Alpha text|Beta",
        "Note text",
    ),
}


def words(text: str) -> str:
    """Returns words alone, with blanks around each."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "


@pytest.mark.parametrize("name", KINDS)
def test_kinds(name: str) -> None:
    kind = KINDS[name]
    book = read_book(
        kind.data, name, ReadingOptions(include=kind.include, say_titles=kind.say_titles)
    )
    text = "\n\n".join(chapter.text for chapter in book.chapters)
    found = words(text)
    assert [phrase for phrase in kind.wanted.split("|") if words(phrase) not in found] == [], text
    unwanted = filter(None, kind.unwanted.split("|"))
    assert [phrase for phrase in unwanted if words(phrase) in found] == [], text
    if kind.titles:
        assert tuple(chapter.title for chapter in book.chapters)[-len(kind.titles) :] == kind.titles
    if kind.scenes is not None:
        assert text.count("* * *") == kind.scenes
    if kind.cover:
        assert book.cover is not None
        assert book.cover.media_type == kind.cover
