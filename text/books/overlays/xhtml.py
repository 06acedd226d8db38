"""Pages of any EPUB or HTML as XHTML of EPUB 3: what HTML has dropped becomes style.

Source: WHATWG HTML §16 (obsolete features) and §15.3 (how they were displayed); EPUB 3.3 §6.1.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from text.books.overlays.spans import XHTML
from text.books.pages.markup import Element, local_name, text_of

EPUB = "http://www.idpf.org/2007/ops"
NAMESPACES: Any = {None: XHTML, "epub": EPUB}
"""Prefixes of a page; lxml's types know no default namespace."""
_XML = "http://www.w3.org/XML/1998/namespace"
_FOREIGN = {"svg": "http://www.w3.org/2000/svg", "math": "http://www.w3.org/1998/Math/MathML"}
_PREFIXES = {"epub": EPUB, "xml": _XML, "xlink": "http://www.w3.org/1999/xlink"}
"""Of attributes in pages that were read as HTML, where a prefix is part of the name."""
_RENAMED = {
    "acronym": ("abbr", ""),
    "big": ("span", "font-size: larger"),
    "center": ("div", "text-align: center"),
    "dir": ("ul", ""),
    "font": ("span", ""),
    "nobr": ("span", "white-space: nowrap"),
    "strike": ("s", ""),
    "tt": ("span", "font-family: monospace"),
}
"""Obsolete elements: what stands for them, and its style."""
_DROPPED = frozenset(("base", "basefont", "bgsound", "isindex"))
_OBSOLETE = frozenset(
    [
        "abbr",
        "axis",
        "border",
        "cellpadding",
        "cellspacing",
        "char",
        "charoff",
        "charset",
        "clear",
        "codebase",
        "codetype",
        "compact",
        "coords",
        "declare",
        "frame",
        "hspace",
        "link",
        "vlink",
        "alink",
        "language",
        "longdesc",
        "lowsrc",
        "noshade",
        "nowrap",
        "profile",
        "rev",
        "rules",
        "scheme",
        "scope",
        "shape",
        "standby",
        "summary",
        "version",
        "vspace",
        "archive",
        "classid",
        "background",
        "text",
    ]
)
"""Attributes that are dropped, unless ``_KEPT`` has them."""
_KEPT = {
    "border": (), "charset": (), "coords": ("area",), "shape": ("area",), "scope": ("th",),
    "abbr": ("th",),
}  # fmt: skip
"""Elements that keep such an attribute."""
_SIZED = frozenset(("img", "video", "canvas", "iframe", "embed", "object", "input", "source"))
"""Elements that have a width and a height of whole pixels."""
_FONT_SIZES = ("x-small", "small", "medium", "large", "x-large", "xx-large", "xxx-large")
_LENGTH = re.compile(r"\d+(?:\.\d+)?%?")


def new_page(title: str, language: str) -> Element:
    """Returns an empty page with a head, which has no body yet.

    Args:
        title: of the page.
        language: of the book; empty where it is not known.
    """
    root = etree.Element(f"{{{XHTML}}}html", nsmap=NAMESPACES)
    if language:
        root.set("lang", language)
        root.set(f"{{{_XML}}}lang", language)
    head = etree.SubElement(root, f"{{{XHTML}}}head")
    etree.SubElement(head, f"{{{XHTML}}}title").text = title
    return root


def as_xhtml(root: Element, title: str) -> Element:
    """Returns a page as XHTML with a head, a title and a body; the page itself is changed.

    Args:
        root: of the page.
        title: for a page that has none.
    """
    for element in list(root.iter("*")):
        _set_namespace(element)
    for element in list(root.iter(f"{{{XHTML}}}*")):
        _renew(element)
    _make_ids_unique(root)
    for attribute_name in ("version", "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"):
        root.attrib.pop(attribute_name, "")
    head = next((e for e in root if local_name(e) == "head"), None)
    if head is None:
        head = etree.Element(f"{{{XHTML}}}head")
        root.insert(0, head)
    _renew_head(head, title)
    return root


def is_xhtml(root: Element) -> bool:
    """Returns whether a page has the frame of HTML: other pages are no content of EPUB 3."""
    return local_name(root) == "html" and any(local_name(e) == "body" for e in root)


def link_style(root: Element, href: str) -> None:
    """Links a style sheet to a page."""
    head = next(e for e in root if local_name(e) == "head")
    attributes = {"rel": "stylesheet", "type": "text/css", "href": href}
    etree.SubElement(head, f"{{{XHTML}}}link", attributes)


def to_bytes(root: Element) -> bytes:
    """Returns a page as a file."""
    etree.cleanup_namespaces(root, top_nsmap=NAMESPACES)
    data: bytes = etree.tostring(
        root, encoding="utf-8", xml_declaration=True, doctype="<!DOCTYPE html>"
    )
    return data


def _set_namespace(element: Element) -> None:
    tag = str(element.tag)
    if not tag.startswith("{"):
        parent = element.getparent()
        above = str(parent.tag) if parent is not None else ""
        space = _FOREIGN.get(tag.lower(), XHTML)
        for inherited in _FOREIGN.values():
            foreign = above.endswith(("}foreignObject", "}annotation-xml"))
            if above.startswith(f"{{{inherited}}}") and not foreign:
                space = inherited
        name = tag if space != XHTML else tag.lower()
        element.tag = f"{{{space}}}{name if ':' not in name else 'span'}"
    for key, value in list(element.items()):
        prefix, colon, name = str(key).partition(":")
        if colon and not str(key).startswith("{"):
            del element.attrib[key]
            if prefix in _PREFIXES and re.fullmatch(r"[A-Za-z][\w.-]*", name):
                element.set(f"{{{_PREFIXES[prefix]}}}{name}", value)


def _renew(element: Element) -> None:
    name = local_name(element)
    if name in _DROPPED:
        _remove(element)
        return
    style = _style_of_attributes(element, name)
    if name in _RENAMED:
        renamed, own = _RENAMED[name]
        element.tag = f"{{{XHTML}}}{renamed}"
        style = [own, *style] if own else style
    for key in list(element.attrib):
        if key in _OBSOLETE and name not in _KEPT.get(str(key), ()):
            del element.attrib[key]
    if "name" in element.attrib and name in ("a", "img", "form") and name != "form":
        anchor = str(element.attrib.pop("name"))
        if element.get("id") is None and not re.search(r"\s", anchor) and anchor:
            element.set("id", anchor)
    _agree_on_language(element)
    for key in (f"{{{_XML}}}space", f"{{{_XML}}}base"):
        element.attrib.pop(key, "")
    if style:
        own = element.get("style", "").strip().rstrip(";")
        element.set("style", "; ".join([*style, *([own] if own else [])]))


def _style_of_attributes(element: Element, name: str) -> list[str]:
    """Takes presentational attributes off and returns what they mean."""
    style: list[str] = []

    def take(attribute: str) -> str:
        return str(element.attrib.pop(attribute, ""))

    def declare(attribute: str, rule: str) -> None:
        value = take(attribute).strip().lower()
        if value and re.fullmatch(r"[#\w%.-]+", value):
            style.append(rule.format(value))

    if name == "font":
        declare("color", "color: {}")
        face = take("face")
        style += [f"font-family: {face}"] if re.fullmatch(r"[\w ,'-]+", face) else []
        size = take("size").strip()
        if re.fullmatch(r"[+-]?[1-7]", size):
            number = int(size) + (3 if size[0] in "+-" else 0)
            style.append(f"font-size: {_FONT_SIZES[min(7, max(1, number)) - 1]}")
    if name == "br" and element.get("clear"):
        value = take("clear").lower()
        style += [f"clear: {'both' if value in ('all', 'both') else value}"]
    align = take("align").strip().lower()
    if align in ("left", "right", "center", "justify", "middle"):
        align = "center" if align == "middle" else align
        if name in ("img", "table", "object", "iframe"):
            style.append("margin: auto" if align == "center" else f"float: {align}")
        elif name != "hr":
            style.append(f"text-align: {align}")
    declare("valign", "vertical-align: {}")
    declare("bgcolor", "background-color: {}")
    if name == "hr":
        for key in ("size", "color"):
            take(key)
    if name in ("li", "ul"):
        take("type")
    for key in ("width", "height"):
        value = element.get(key, "").strip().removesuffix("px")
        if name in _SIZED and value.isdecimal():
            element.set(key, value)
        elif key in element.attrib:
            del element.attrib[key]
            if _LENGTH.fullmatch(value):
                style.append(f"{key}: {value if value.endswith('%') else value + 'px'}")
    return style


def _agree_on_language(element: Element) -> None:
    """``lang`` and ``xml:lang`` have to be equal where both are there."""
    marked = element.get(f"{{{_XML}}}lang")
    if marked is not None and element.get("lang") not in (None, marked):
        element.set("lang", marked)


def _make_ids_unique(root: Element) -> None:
    """An id that is there already, empty or no id leads nowhere."""
    known: set[str] = set()
    for element in root.iter("*"):
        value = element.get("id")
        if value is not None and (value in known or not value or re.search(r"\s", value)):
            del element.attrib["id"]
        elif value is not None:
            known.add(value)


def _renew_head(head: Element, title: str) -> None:
    for element in list(head):
        name = local_name(element)
        relation = element.get("rel", "").lower()
        foreign = relation == "stylesheet" and element.get("type", "text/css") != "text/css"
        if name == "meta":
            named = element.get("name") or element.get("property")
            useless = not named or element.get("http-equiv") or element.get("content") is None
        else:
            useless = name == "link" and (not element.get("href") or foreign)
        if useless:
            _remove(element)
    titles = [e for e in head if local_name(e) == "title"]
    for further in titles[1:]:
        _remove(further)
    if not titles:
        titles = [etree.Element(f"{{{XHTML}}}title")]
        head.insert(0, titles[0])
    if not text_of(titles[0]).strip():
        titles[0].text = title


def _remove(element: Element) -> None:
    """Removes an element that has no content; its tail stays."""
    parent, previous = element.getparent(), element.getprevious()
    if parent is None:
        return
    if element.tail and previous is not None:
        previous.tail = (previous.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    parent.remove(element)
