"""XML of strangers: parsed without entities, external files or network; pages mended if need be."""

from __future__ import annotations

import codecs
import html.entities
import re
from typing import TypeAlias

from lxml import etree

from core.errors import FieldError
from text.books.omissions import Omissions

Element: TypeAlias = etree._Element

XHTML_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    ]
)
"""HTML elements that have no end tag. Source: WHATWG HTML §13.1.2."""

LONGEST_DOCTYPE = 4000
"""Characters in which it must end; the longest of the standards has 200."""
DEEPEST = 150
"""Elements inside elements; what people write stays below 30."""

_DECLARED = re.compile(r"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_SELF_CLOSED = re.compile(r"<([A-Za-z][A-Za-z0-9]*)((?:\s[^<>]*?)?)/>")
_XML_ENTITIES = frozenset(("amp", "lt", "gt", "quot", "apos"))
_CHARACTER_SETS = ("utf", "iso", "cp", "ascii", "latin", "koi", "shift", "euc", "gb", "big", "mac")
"""Python's names of what a page may be written in; its other codecs are no character sets."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def parse_xml(data: bytes, name: str, omissions: Omissions) -> Element:
    """A package document, table of contents or the like.

    Args:
        data: the file.
        name: its name, for errors.
        omissions: learns of a guessed encoding.

    Raises:
        FieldError: not well formed, or it declares entities.
    """
    text = _without_doctype(_decode(data, name, omissions), name)
    try:
        return _parse_strictly(text)
    except etree.XMLSyntaxError as error:
        raise FieldError("file", f"{name} in the EPUB is damaged: {error}") from error


def parse_page(data: bytes, name: str, omissions: Omissions) -> Element | None:
    """The body of a page; what is not well formed is mended with a remark. None = no body.

    Raises:
        FieldError: it declares entities.
    """
    text = _without_doctype(_decode(data, name, omissions), name)
    root: Element | None
    try:
        root = _parse_strictly(text)
    except etree.XMLSyntaxError:
        omissions.remark("markup_mended", f"{name} is not well formed; read as browsers would")
        root = _parse_leniently(text)
    if root is None:
        return None
    return next((e for e in root.iter(etree.Element) if local_name(e) in ("body", "svg")), None)


def local_name(element: Element) -> str:
    """Its tag without the namespace, in lower case; empty for comments and the like.

    >>> local_name(etree.fromstring('<P xmlns="http://www.w3.org/1999/xhtml"/>'))
    'p'
    """
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def attributes(element: Element) -> list[tuple[str, str]]:
    """Names, with their namespaces, and values."""
    return [(str(key), str(value)) for key, value in element.items()]


def attribute(element: Element, name: str) -> str:
    """The value of an attribute whatever its namespace (type finds epub:type), or nothing."""
    for key, value in attributes(element):
        if re.split(r"[}:]", key)[-1] == name:
            return value
    return ""


def text_of(element: Element) -> str:
    """All text in it, as it stands."""
    return "".join(map(str, element.itertext()))


def _decode(data: bytes, name: str, omissions: Omissions) -> str:
    """By byte order mark, else as declared, else UTF-8. Source: XML 1.0 appendix F."""
    encoding = next((codec for mark, codec in _BOMS if data.startswith(mark)), None)
    if encoding is None:
        declared = _DECLARED.match(data[:200].decode("ascii", "replace"))
        encoding = declared.group(1) if declared else "utf-8"
    try:
        if not codecs.lookup(encoding).name.startswith(_CHARACTER_SETS):
            raise LookupError(encoding)
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        omissions.remark("encoding_guessed", f"{name} is no {encoding}; read as Windows-1252")
        return data.decode("cp1252", "replace")


def _without_doctype(text: str, name: str) -> str:
    """Entities of HTML by name become their characters; a page's own are refused."""
    if "<!ENTITY" in text:
        raise FieldError("file", f"{name} in the EPUB declares entities, which is refused")
    text = _DECLARATION.sub("", text.removeprefix("\ufeff"))
    doctype = _DOCTYPE.search(text[:LONGEST_DOCTYPE])  # it precedes the root
    if doctype:
        text = text[: doctype.start()] + text[doctype.end() :]
    return _ENTITY.sub(_character, text)


def _character(entity: re.Match[str]) -> str:
    name = entity.group(1)
    if name in _XML_ENTITIES:
        return entity.group()
    return html.entities.html5.get(name + ";", entity.group())


def _parse_strictly(text: str) -> Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True, encoding="utf-8",
    )  # fmt: skip
    return _checked(etree.fromstring(text.encode(), parser))


def _checked(root: Element) -> Element:
    """Pages are walked by recursion, so their depth is bounded."""
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEEPEST:
            raise FieldError("file", f"elements inside of more than {DEEPEST} others")
    return root


def _parse_leniently(text: str) -> Element | None:
    """HTML knows no self-closed elements but void ones: <a id="x"/> would swallow the page."""
    opened = _SELF_CLOSED.sub(
        lambda m: m.group() if m.group(1).lower() in XHTML_VOID else f"<{m[1]}{m[2]}></{m[1]}>",
        text,
    )
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(opened.encode(), parser)
    except etree.XMLSyntaxError:  # nothing in it
        return None
    return None if root is None else _checked(root)
