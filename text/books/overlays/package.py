"""The package document of an EPUB 3 with Media Overlays, and its navigation document.

Source: EPUB 3.3 §5 (package document), §7 (navigation document), §9.3.5 and §D.4 (overlays).
"""

from __future__ import annotations

import posixpath
import re
import uuid
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from lxml import etree

from core.request import BookFacts
from text.books.epub.contents import TocEntry
from text.books.overlays.spans import XHTML
from text.books.overlays.xhtml import EPUB, new_page
from text.books.pages.markup import Element, local_name, text_of

OPF = "http://www.idpf.org/2007/opf"
DC = "http://purl.org/dc/elements/1.1/"
_PREFIXES: Any = {None: OPF, "dc": DC}
"""lxml's types know no default namespace."""
ACTIVE_CLASS = "-epub-media-overlay-active"
"""Class of what sounds. Source: EPUB 3.3 §9.3.5.1, which uses the name in its example."""
XHTML_TYPE = "application/xhtml+xml"
SMIL_TYPE = "application/smil+xml"
_GROUP_POSITION = re.compile(r"\d+(?:\.\d+)*")
"""Source: EPUB 3.3 §D.3.5."""


@dataclass(frozen=True, slots=True)
class PackageItem:
    """A file of the book, as its manifest lists it.

    Attributes:
        id: unique.
        path: from the container's root.
        media_type: of the file.
        properties: separated by blanks.
        overlay: id of the item with the page's SMIL; empty = it has none.
        fallback: id of another item; empty = none.
    """

    id: str
    path: str
    media_type: str
    properties: str = ""
    overlay: str = ""
    fallback: str = ""


def relative_url(path: str, base: str) -> str:
    """Returns a reference from one file of the container to another.

    >>> relative_url("OPS/overlays/001 a.m4a", "OPS/text/one.xhtml")
    '../overlays/001%20a.m4a'
    """
    path, base = entry_name(path), entry_name(base)
    return quote(posixpath.relpath(path, posixpath.dirname(base) or "."), safe="/!$&'()*+,;=@~-._")


def entry_name(path: str) -> str:
    """Returns the name of a file in the container: some producers write backslashes.

    >>> entry_name("OPS\\\\one.xhtml")
    'OPS/one.xhtml'
    """
    return path.replace("\\", "/").lstrip("/")


def clock_value(milliseconds: int) -> str:
    """Returns a length as Media Overlays write it. Source: EPUB 3.3 §9.2.4 (clock values).

    >>> clock_value(3_725_040)
    '1:02:05.040'
    """
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


def new_package(facts: BookFacts, identifier: str) -> Element:
    """Returns a package with metadata, an empty manifest and an empty spine.

    Args:
        facts: of the book.
        identifier: of the publication; unique.
    """
    root = etree.Element(
        f"{{{OPF}}}package",
        {"version": "3.0", "unique-identifier": "publication-id"},
        nsmap=_PREFIXES,
    )
    root.append(built_metadata(facts, identifier))
    for name in ("manifest", "spine"):
        etree.SubElement(root, f"{{{OPF}}}{name}")
    return root


def built_metadata(facts: BookFacts, identifier: str) -> Element:
    """Returns the metadata of a book. Source: EPUB 3.3 §5.5, §D.3."""
    metadata = etree.Element(f"{{{OPF}}}metadata", nsmap=_PREFIXES)

    def add(name: str, text: str, **attributes: str) -> None:
        if text.strip():
            etree.SubElement(metadata, f"{{{DC}}}{name}", attributes).text = text

    def refine(name: str, kind: str, text: str, **attributes: str) -> None:
        meta = etree.SubElement(metadata, f"{{{OPF}}}meta", {"property": kind, **attributes})
        meta.set("refines", f"#{name}")
        meta.text = text

    add("identifier", identifier, id="publication-id")
    add("title", facts.title, id="title")
    refine("title", "title-type", "main")
    add("language", facts.language or "en")
    more = facts.metadata
    if more.subtitle:
        add("title", more.subtitle, id="subtitle")
        refine("subtitle", "title-type", "subtitle")
    people = [("creator", name, "aut") for name in facts.authors]
    people += [("contributor", name, "trl") for name in more.translators]
    for number, (kind, name, role) in enumerate(people, 1):
        add(kind, name, id=f"person-{number}")
        refine(f"person-{number}", "role", role, scheme="marc:relators")
    add("publisher", more.publisher)
    add("date", more.published)
    add("description", more.description)
    if more.isbn and more.isbn not in identifier:
        add("identifier", f"urn:isbn:{more.isbn}")
    for subject in more.subjects:
        add("subject", subject)
    if more.series:
        series = etree.SubElement(metadata, f"{{{OPF}}}meta", {"id": "series"})
        series.set("property", "belongs-to-collection")
        series.text = more.series
        refine("series", "collection-type", "series")
        if _GROUP_POSITION.fullmatch(more.series_number):
            refine("series", "group-position", more.series_number)
    return metadata


def renewed_package(
    root: Element, facts: BookFacts, identifier: str, *, keep_metadata: bool
) -> Element:
    """Returns a book's package as one of EPUB 3, with its manifest emptied; it is changed.

    Args:
        root: of the package document.
        facts: of the book.
        identifier: of the publication where it has none.
        keep_metadata: whether its metadata is that of EPUB 3 and stays.
    """
    for element in root.iter("*"):
        if not str(element.tag).startswith("{"):
            element.tag = f"{{{OPF}}}{element.tag.rpartition(':')[2]}"
    metadata = next((e for e in root if local_name(e) == "metadata"), None)
    own = unique_identifier(root)
    if metadata is None or not keep_metadata or own is None:
        built = built_metadata(facts, own or identifier)
        covers = [
            e
            for e in (() if metadata is None else metadata)
            if e.get("name") == "cover" and e.get("content")
        ]
        for cover in covers[:1]:
            named = {"name": "cover", "content": cover.get("content") or ""}
            etree.SubElement(built, f"{{{OPF}}}meta", named)
        if metadata is not None:
            root.remove(metadata)
        root.insert(0, built)
        root.set("unique-identifier", "publication-id")
    else:
        for meta in list(metadata):
            stated = meta.get("property") or ""
            if stated.startswith("media:") or stated == "dcterms:modified":
                metadata.remove(meta)
    for name in ("guide", "tours", "bindings"):
        for element in [e for e in root if local_name(e) == name]:
            root.remove(element)
    for name in ("manifest", "spine"):
        if not any(local_name(e) == name for e in root):
            etree.SubElement(root, f"{{{OPF}}}{name}")
    manifest = next(e for e in root if local_name(e) == "manifest")
    for element in list(manifest):
        manifest.remove(element)
    root.set("version", "3.0")
    for key in list(root.attrib):
        kept = str(key) in ("version", "unique-identifier", "prefix", "id", "dir")
        if not kept and not str(key).endswith("}lang"):
            del root.attrib[key]
    return root


def unique_identifier(root: Element) -> str | None:
    """Returns the identifier that a package calls its own, else its first one."""
    found = [e for e in root.iter("*") if local_name(e) == "identifier" and text_of(e).strip()]
    found.sort(key=lambda e: e.get("id") != root.get("unique-identifier"))
    return text_of(found[0]).strip() if found else None


def identifier_of(digest: str) -> str:
    """Returns an identifier for a book that has none.

    >>> identifier_of("a")
    'urn:uuid:e1407479-3136-56c0-9908-bb02fb0339e2'
    """
    return uuid.uuid5(uuid.NAMESPACE_URL, digest).urn


def finish_package(
    root: Element,
    path: str,
    items: Iterable[PackageItem],
    durations: Mapping[str, int],
    narrator: str,
    modified: float,
    linked: Container[str],
) -> bytes:
    """Writes manifest, spine and what overlays need into a package, and returns it as a file.

    Args:
        root: of the package; its spine's references to other items than these are dropped.
        path: of the package.
        items: of the manifest.
        durations: of each overlay by the id of its item [ms].
        narrator: who reads; empty = nobody is named.
        modified: when, in Unix seconds.
        linked: paths that pages have links to.
    """
    manifest = next(e for e in root if local_name(e) == "manifest")
    known: dict[str, str] = {}
    for item in items:
        element = etree.SubElement(manifest, f"{{{OPF}}}item", {"id": item.id})
        known[item.id] = item.path
        element.set("href", relative_url(item.path, path))
        element.set("media-type", item.media_type)
        for name, value in (
            ("properties", item.properties),
            ("media-overlay", item.overlay),
            ("fallback", item.fallback),
        ):
            if value:
                element.set(name, value)
    _mend_spine(next(e for e in root if local_name(e) == "spine"), known, linked)
    metadata = next(e for e in root if local_name(e) == "metadata")

    def add(name: str, text: str, refined: str = "") -> None:
        meta = etree.SubElement(metadata, f"{{{OPF}}}meta", {"property": name})
        if refined:
            meta.set("refines", f"#{refined}")
        meta.text = text

    add("dcterms:modified", datetime.fromtimestamp(modified, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    for identifier, milliseconds in durations.items():
        add("media:duration", clock_value(milliseconds), identifier)
    add("media:duration", clock_value(sum(durations.values())))
    add("media:active-class", ACTIVE_CLASS)
    if narrator:
        add("media:narrator", narrator)
    etree.indent(root)
    data: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return data


def _mend_spine(spine: Element, known: Mapping[str, str], linked: Container[str]) -> None:
    """Drops what is no file; a page beside the reading order that no link leads to is put into it.

    Source: EPUB 3.3 §5.7.2 (non-linear content must be reachable).
    """
    spine.attrib.pop("toc", "")
    placed: set[str] = set()
    for reference in list(spine):
        identifier = reference.get("idref") or ""
        if identifier not in known or identifier in placed:
            spine.remove(reference)
        elif reference.get("linear") == "no" and known[identifier] not in linked:
            del reference.attrib["linear"]
        placed.add(identifier)


def navigation_document(entries: Sequence[TocEntry], path: str, title: str, language: str) -> bytes:
    """Returns a navigation document.

    Args:
        entries: of the table of contents, in order; at least one.
        path: of the document.
        title: of the book.
        language: of the book.
    """
    root = new_page(title, language)
    body = etree.SubElement(root, f"{{{XHTML}}}body")
    nav = etree.SubElement(body, f"{{{XHTML}}}nav", {f"{{{EPUB}}}type": "toc"})
    lists = [etree.SubElement(nav, f"{{{XHTML}}}ol")]
    for entry in entries:
        depth = min(entry.depth, len(lists))
        del lists[depth + 1 :]
        if depth == len(lists):
            above = lists[-1]
            if len(above):
                lists.append(etree.SubElement(above[-1], f"{{{XHTML}}}ol"))
        item = etree.SubElement(lists[-1], f"{{{XHTML}}}li")
        link = etree.SubElement(item, f"{{{XHTML}}}{'a' if entry.path else 'span'}")
        if entry.path:
            fragment = f"#{quote(entry.fragment)}" if entry.fragment else ""
            link.set("href", relative_url(entry.path, path) + fragment)
        link.text = entry.title or "—"
    for item in [e for e in nav.iter(f"{{{XHTML}}}li") if local_name(e[0]) == "span"]:
        parent = item.getparent()
        if len(item) == 1 and parent is not None:  # a heading with nothing below it
            parent.remove(item)
    data: bytes = etree.tostring(
        root, encoding="utf-8", xml_declaration=True, doctype="<!DOCTYPE html>", pretty_print=True
    )
    return data
