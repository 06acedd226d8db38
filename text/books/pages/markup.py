"""XML of strangers, parsed as tolerantly as browsers do: no entities that could harm, no network.

A page is parsed as XML first, because HTML lets ``<a id="x"/>`` swallow the rest of it, and as HTML
where it is not well formed.
"""

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
    (
        "wbr",
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
    )
)
"""HTML elements that have no end tag. Source: WHATWG HTML §13.1.2."""

LONGEST_DOCTYPE = 16_000
"""Characters in which it must end; the longest of the standards has 200."""
LONGEST_ENTITY = 200
"""Characters of the text that a declared entity stands for."""
MAX_EXPANSION = 4
"""A page with its entities expanded may be so many times as long as written."""
DEEPEST = 150
"""Elements inside elements; what people write stays below 30."""

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_META_CHARSET = re.compile(rb"""<meta\b[^>]*?charset\s*=\s*["']?\s*([A-Za-z0-9._-]+)""", re.I)
_META_WITHIN = 1024
"""Bytes in which a page must declare its character set. Source: WHATWG HTML §4.2.5.4."""
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE", re.IGNORECASE)
_LITERAL = re.compile(r"\"[^\"]*\"|'[^']*'|<!--.*?-->", re.DOTALL)
_ENTITY_DECLARED = re.compile(
    r"""<!ENTITY\s+([A-Za-z][\w.-]*)\s+(?:"([^"]*)"|'([^']*)')\s*>""", re.ASCII
)
_CHARACTER_REFERENCE = re.compile(r"&#(?:x([0-9A-Fa-f]{1,6})|(\d{1,7}));")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9._-]*);")
_SELF_CLOSED = re.compile(r"<([A-Za-z][A-Za-z0-9]*)((?:\s[^<>]*?)?)/>")
_XML_ENTITIES = frozenset(("amp", "lt", "gt", "quot", "apos"))
_CHARACTER_SETS = (
    "utf", "iso", "cp", "ascii", "latin", "koi", "shift", "euc", "gb", "big", "mac", "tis", "hz",
)  # fmt: skip
"""Python's names of what a page may be written in; its other codecs are no character sets."""
_LATIN = frozenset(("ascii", "iso8859-1"))
"""What browsers take for Windows-1252. Source: WHATWG Encoding §4.2."""
_STATEFUL = ("iso2022", "hz", "utf-7")
"""Encodings whose bytes are all ASCII, so that they look like UTF-8."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def parse_xml(data: bytes, name: str, omissions: Omissions) -> Element:
    """Parses a package document, table of contents or the like; damage is read over.

    Entities that the file declares are expanded where they are plain text and vanish otherwise.

    Args:
        data: the file.
        name: its name, for messages.
        omissions: learns of a guessed encoding and of damage.

    Raises:
        FieldError: nothing can be read from it.
    """
    text, entities = _without_doctype(decode_markup(data, name, omissions))
    text = _expanded(text, {key: value or "" for key, value in entities.items()}, name)
    try:
        return _parse_strictly(text)
    except etree.XMLSyntaxError as error:
        omissions.remark("markup_mended", f"{name} is not well formed; read as far as possible")
        root = _parse_recovering(text)
        if root is None:
            raise FieldError("file", f"{name} in the EPUB is damaged: {error}") from error
        return root


def parse_page(data: bytes, name: str, omissions: Omissions) -> Element | None:
    """Parses a page and returns its body; what is not well formed is mended with a remark.

    Args:
        data: the file.
        name: its name, for messages.
        omissions: learns of a guessed encoding and of damage.

    Returns:
        the body (of a DTBook: the book), or the root of an SVG picture; the root of a page without
        body; None = there is nothing in it.

    Raises:
        FieldError: it declares entities that are more than a few characters, or is too deep.
    """
    text, entities = _without_doctype(decode_markup(data, name, omissions))
    harmless = {key: value for key, value in entities.items() if value is not None}
    if len(harmless) < len(entities):
        raise FieldError("file", f"{name} in the EPUB declares entities, which is refused")
    text = _expanded(text, harmless, name)
    root: Element | None
    try:
        root = _parse_strictly(text)
    except etree.XMLSyntaxError:
        omissions.remark("markup_mended", f"{name} is not well formed; read as browsers would")
        root = _parse_leniently(text)
    if root is None:
        return None
    bodies = (e for e in root.iter(etree.Element) if local_name(e) in ("body", "svg", "book"))
    return next(bodies, root if text_of(root).strip() else None)


def local_name(element: Element) -> str:
    """Returns its tag without the namespace, in lower case; empty for comments and the like.

    >>> local_name(etree.fromstring('<P xmlns="http://www.w3.org/1999/xhtml"/>'))
    'p'
    """
    tag = element.tag if isinstance(element.tag, str) else ""
    return tag.rpartition("}")[2].rpartition(":")[2].lower()


def attributes(element: Element) -> list[tuple[str, str]]:
    """Returns names, with their namespaces, and values."""
    return [(str(key), str(value)) for key, value in element.items()]


def attribute(element: Element, name: str) -> str:
    """Returns the value of an attribute whatever its namespace, or nothing.

    ``type`` finds ``epub:type``.
    """
    for key, value in attributes(element):
        if re.split(r"[}:]", key)[-1] == name:
            return value
    return ""


def text_of(element: Element) -> str:
    """Returns all text in it, as it stands."""
    return "".join(map(str, element.itertext()))


def decode_markup(data: bytes, name: str, omissions: Omissions) -> str:
    """Decodes a page or XML document, and does not trust what it declares.

    A byte order mark binds; what is valid UTF-8 is UTF-8, whatever is declared (text in another
    encoding is hardly ever valid UTF-8 by chance); then the declaration of XML or HTML; then
    Windows-1252. Source: XML 1.0 appendix F; WHATWG HTML §13.2.3.2.

    Args:
        data: the file.
        name: its name, for messages.
        omissions: learns of a guessed encoding.
    """
    marked = next((codec for mark, codec in _BOMS if data.startswith(mark)), None)
    declared = _codec(_declared(data))
    tries = [marked] if marked else ["utf-8", declared]
    if declared.startswith(_STATEFUL):
        tries.reverse()
    for codec in filter(None, tries):
        try:
            return data.decode(codec)
        except UnicodeError:
            continue
    tried = marked or declared or "utf-8"
    omissions.remark("encoding_guessed", f"{name} is no {tried}; read as Windows-1252")
    return data.decode("cp1252", "replace")


def _declared(data: bytes) -> str:
    found = _DECLARED.match(data[:200]) or _META_CHARSET.search(data[:_META_WITHIN])
    return found.group(1).decode("ascii") if found else ""


def _codec(label: str) -> str:
    """Python's codec of a label; empty = unknown, or no character set."""
    try:
        codec = codecs.lookup(label).name if label else ""
    except LookupError:
        return ""
    if codec.startswith(("utf-16", "utf-32")) or not codec.startswith(_CHARACTER_SETS):
        return ""  # a declaration that can be read as ASCII is in neither
    return "cp1252" if codec in _LATIN else codec


def _without_doctype(text: str) -> tuple[str, dict[str, str | None]]:
    """Cuts XML declaration and document type away.

    Returns:
        the rest, and the entities declared: their text, or None where that is more than a few
        characters (files, other entities, markup).
    """
    text = text.removeprefix("\ufeff")
    declaration = _DECLARATION.match(text)
    text = text[declaration.end() :] if declaration else text
    found = _DOCTYPE.search(text, 0, LONGEST_DOCTYPE)  # it precedes the root
    if found is None:
        return text, {"": None} if "<!ENTITY" in text else {}
    end = _end_of_doctype(text, found.end())
    declared = text[found.end() : end]
    entities: dict[str, str | None] = {}
    for entity in _ENTITY_DECLARED.finditer(declared):
        if entity.group(1) in _XML_ENTITIES:
            continue
        value = _CHARACTER_REFERENCE.sub(_referred, entity.group(2) or entity.group(3) or "")
        plain = len(value) <= LONGEST_ENTITY and not set(value) & set("&<%")
        entities.setdefault(entity.group(1), value if plain else None)
    if declared.count("<!ENTITY") != len(_ENTITY_DECLARED.findall(declared)):
        entities[""] = None
    rest = text[: found.start()] + text[end:]
    if "<!ENTITY" in rest:
        entities[""] = None
    return rest, entities


def _end_of_doctype(text: str, start: int) -> int:
    """Index behind the ``>`` that closes it, outside of quotes and of its internal subset."""
    at, inside = start, 0
    while at < min(len(text), start + LONGEST_DOCTYPE):
        literal = _LITERAL.match(text, at, start + LONGEST_DOCTYPE)
        if literal:
            at = literal.end()
            continue
        letter = text[at]
        inside += (letter == "[") - (letter == "]")
        at += 1
        if letter == ">" and inside <= 0:
            return at
    return text.find(">", start) + 1 or len(text)


def _referred(reference: re.Match[str]) -> str:
    code = int(reference.group(1), 16) if reference.group(1) else int(reference.group(2))
    return chr(code) if 0 < code < 0x110000 else "\ufffd"


def _expanded(text: str, declared: dict[str, str], name: str) -> str:
    """Entities of HTML by name, and those declared, become their characters."""

    def character(entity: re.Match[str]) -> str:
        key = entity.group(1)
        if key in declared:
            return html.escape(declared[key], quote=False)
        if key in _XML_ENTITIES:
            return entity.group()
        return html.entities.html5.get(key + ";", entity.group())

    if declared:
        counts = (len(declared.get(key, "")) for key in _ENTITY.findall(text))
        if sum(counts) > MAX_EXPANSION * len(text):
            raise FieldError("file", f"{name} in the EPUB declares entities, which is refused")
    return _ENTITY.sub(character, text)


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True, encoding="utf-8", recover=recover,
    )  # fmt: skip


def _parse_strictly(text: str) -> Element:
    return _checked(etree.fromstring(text.encode("utf-8", "replace"), _parser(recover=False)))


def _parse_recovering(text: str) -> Element | None:
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), _parser(recover=True))
    except etree.XMLSyntaxError:  # nothing in it
        return None
    return None if root is None else _checked(root)


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
        root = etree.fromstring(opened.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:  # nothing in it
        return None
    return None if root is None else _checked(root)
