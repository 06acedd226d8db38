"""Makes EPUB files from strings, as simple or as broken as a test wants them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

CONTAINER = """<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>"""
PAGE = """<?xml version="1.0" encoding="utf-8"?>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">
<head><title>never spoken</title><style>p {{ color: red }}</style></head><body>{}</body></html>"""
Link = tuple[str, str]
"""Title and reference."""


def page(body: str) -> str:
    """Returns a complete XHTML page."""
    return PAGE.format(body)


def nav(links: Sequence[Link | tuple[str, str, Sequence[Link]]]) -> str:
    """Returns a navigation document; a third member nests links below a line."""
    lines = []
    for title, href, *below in links:
        nested = "".join(f'<li><a href="{h}">{t}</a></li>' for t, h in (below[0] if below else ()))
        label = f'<a href="{href}">{title}</a>' if href else f"<span>{title}</span>"
        lines.append(f"<li>{label}{f'<ol>{nested}</ol>' if nested else ''}</li>")
    return page(f'<nav epub:type="toc"><h1>Contents</h1><ol>{"".join(lines)}</ol></nav>')


def ncx(links: Sequence[Link]) -> str:
    """Returns the table of contents of an EPUB 2."""
    points = "".join(
        f'<navPoint id="n{i}" playOrder="{i}"><navLabel><text>{title}</text></navLabel>'
        f'<content src="{href}"/></navPoint>'
        for i, (title, href) in enumerate(links)
    )
    return f"""<?xml version="1.0"?>
<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN"
 "http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">
<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1">
<navMap>{points}</navMap></ncx>"""


def epub(
    pages: Mapping[str, str],
    links: Sequence[Link | tuple[str, str, Sequence[Link]]] = (),
    *,
    version: int = 3,
    title: str = "A Book",
    metadata: str = "",
    items: str = "",
    nonlinear: Sequence[str] = (),
    nav_in_spine: bool = False,
    more: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """Returns an EPUB file.

    Args:
        pages: bodies by path below OPS, in the order of the spine.
        links: of the table of contents; a nav in version 3, an NCX in version 2.
        version: 2 or 3.
        title: dc:title; empty = none.
        metadata, items: more XML of the package's metadata and manifest.
        nonlinear: pages with linear="no".
        nav_in_spine: the table of contents is a page too.
        more: further entries of the zip by name.
    """
    manifest = "".join(
        f'<item id="p{i}" href="{path}" media-type="application/xhtml+xml"/>'
        for i, path in enumerate(pages)
    )
    spine = "".join(
        f'<itemref idref="p{i}" linear="{"no" if path in nonlinear else "yes"}"/>'
        for i, path in enumerate(pages)
    )
    files: dict[str, str | bytes] = {"META-INF/container.xml": CONTAINER}
    toc = ""
    if links and version == 3:
        manifest += (
            '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
        )
        spine = ('<itemref idref="nav"/>' if nav_in_spine else "") + spine
        files["OPS/nav.xhtml"] = nav(links)
    elif links:
        manifest += '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        toc = ' toc="ncx"'
        files["OPS/toc.ncx"] = ncx([(link[0], link[1]) for link in links])
    named = f"<dc:title>{title}</dc:title>" if title else ""
    files["OPS/book.opf"] = f"""<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="{version}.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">
<dc:identifier id="id">x</dc:identifier>{named}{metadata}</metadata>
<manifest>{manifest}{items}</manifest><spine{toc}>{spine}</spine></package>"""
    files |= {f"OPS/{path}": page(body) for path, body in pages.items()}
    return archive({"mimetype": "application/epub+zip", **files, **(more or {})})


def archive(files: Mapping[str, str | bytes]) -> bytes:
    """Returns a zip of these files, none of which is checked."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return out.getvalue()
