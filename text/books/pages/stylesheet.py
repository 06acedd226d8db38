"""What a page's style sheets hide, by the cascade of CSS; nothing is guessed from class names.

Three properties are computed: ``display: none`` and ``visibility: hidden`` hide an element,
``list-style-type: none`` says that the items of a list carry no numbers. Source: CSS Cascade 4 §6,
Selectors 3 §5–9 (types, classes, ids, attributes, combinators; rules with pseudo-classes are
passed over).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from text.books.pages.markup import Element, local_name

MAX_RULES = 500
"""Rules of a page that are looked at. Books have some 20 that say what is displayed."""
LONGEST_SELECTOR = 300
"""Characters; rules with longer ones are passed over."""
MAX_STEPS = 200
"""Elements that are tried for the selectors of one element; beyond, the rest does not match."""
MEDIA = frozenset(("", "all", "screen", "only screen", "only all"))
"""Media that a rule applies to; conditions on sizes and colours are not known here."""

_STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")
_IMPORT = re.compile(r"@import\s+(?:url\(\s*)?[\"']?([^\"')\s;]+)[\"']?\s*\)?\s*([^;]*)", re.I)
_DECLARATION = re.compile(
    r"(?<![\w-])(display|visibility|list-style(?:-type)?)\s*:\s*([^;!]*)(!\s*important)?", re.I
)
_PIECE = re.compile(
    r"""(?P<combinator>\s*[>+~]\s*|\s+)
    |(?:[\w*-]*\|)?(?P<type>[A-Za-z][\w-]*|\*)
    |\.(?P<class>-?[A-Za-z_][\w-]*)
    |\#(?P<id>[\w-]+)
    |\[\s*(?:[\w*-]*\|)?(?P<name>[\w:-]+)\s*
      (?:(?P<operator>[~|^$*]?=)\s*(?P<value>"[^"]*"|'[^']*'|[\w-]+)\s*)?\]""",
    re.VERBOSE,
)


Weight = tuple[bool, tuple[int, int, int], int]
"""Of a declaration: of a style attribute, specificity, order."""


class Compound(NamedTuple):
    """A selector without combinators, and the combinator before it."""

    combinator: str
    type: str
    ids: tuple[str, ...]
    classes: tuple[str, ...]
    attributes: tuple[tuple[str, str, str], ...]
    """Name, operator (empty = it is there), value."""


class Declaration(NamedTuple):
    """A value of one of the properties that are computed."""

    property: str
    """display, visibility or list-style-type."""
    value: str
    important: bool


@dataclass(frozen=True, slots=True)
class StyleRule:
    """One selector and what it declares.

    Attributes:
        selector: compounds, the subject last.
        specificity: ids, classes and attributes, types.
        declarations: of the properties that are computed.
    """

    selector: tuple[Compound, ...]
    specificity: tuple[int, int, int]
    declarations: tuple[Declaration, ...]


@dataclass(slots=True)
class PageStyle:
    """What style sheets and attributes say of the elements of a page.

    Attributes:
        hidden: elements that are not displayed.
        unnumbered: lists and items without markers.
    """

    hidden: set[Element] = field(default_factory=set)
    unnumbered: set[Element] = field(default_factory=set)


def parse_stylesheet(css: str, imported: Callable[[str], str] | None = None) -> list[StyleRule]:
    """Parses the rules of a style sheet that declare one of the computed properties.

    Args:
        css: the sheet.
        imported: returns the text of a sheet that this one imports; None = there are none.
    """
    css = _without_comments(css)
    rules: list[StyleRule] = []
    if imported is not None:
        for url, media in _IMPORT.findall(css[:4096]):
            if media.strip().lower() in MEDIA:
                rules += parse_stylesheet(imported(url))
    if not _DECLARATION.search(css):
        return rules
    css = _STRING.sub(lambda m: re.sub(r"[{};@]", " ", m.group()), css)
    for prelude, body in _blocks(css):
        declarations = tuple(parse_declarations(body))
        if declarations:
            for selector in prelude.split(","):
                rule = _rule(selector.strip(), declarations)
                if rule is not None:
                    rules.append(rule)
    return rules


def parse_declarations(body: str) -> Iterator[Declaration]:
    """Yields the declarations of computed properties, of a rule or a style attribute."""
    for name, value, important in _DECLARATION.findall(body):
        words = value.lower().split()
        if name.lower().startswith("list-style"):
            yield Declaration("list-style-type", "none" if "none" in words else "", bool(important))
        elif words:
            yield Declaration(name.lower(), words[0], bool(important))


def style_of(root: Element, rules: Sequence[StyleRule]) -> PageStyle:
    """Computes what of a page is hidden, and which lists have no numbers.

    Args:
        root: of the page.
        rules: of its style sheets, in their order.
    """
    style = PageStyle()
    last: dict[object, StyleRule] = {}
    for rule in rules:  # one that comes again counts once, where it comes last
        key = (rule.selector, *(declaration.property for declaration in rule.declarations))
        last.pop(key, None)
        last[key] = rule
    cascade = _Cascade(list(last.values())[-MAX_RULES:])
    for element in root.iter("*"):
        values = cascade.values(element)
        if values.get("display") == "none" or values.get("visibility") in ("hidden", "collapse"):
            style.hidden.add(element)
        if values.get("list-style-type") == "none":
            style.unnumbered.add(element)
    return style


class _Cascade:
    """Rules, found by the id, class or type of their subject."""

    def __init__(self, rules: Sequence[StyleRule]) -> None:
        self._by_key: dict[str, list[tuple[int, StyleRule]]] = defaultdict(list)
        for order, rule in enumerate(rules):
            self._by_key[_key(rule.selector[-1])].append((order, rule))

    def values(self, element: Element) -> dict[str, str]:
        """Returns the values that rules and attribute give an element, by property."""
        inline = element.get("style")
        if not self._by_key and not inline:
            return {}
        weighed: list[tuple[Weight, Declaration]] = []
        matcher = _Matcher()
        for order, rule in self._candidates(element):
            if matcher.matches(element, rule.selector):
                weight = (False, rule.specificity, order)
                weighed += ((weight, declaration) for declaration in rule.declarations)
        if inline:
            weighed += (((True, (0, 0, 0), 0), d) for d in parse_declarations(inline))
        weighed.sort(key=lambda pair: (pair[1].important, pair[0]))
        return {declaration.property: declaration.value for _, declaration in weighed}

    def _candidates(self, element: Element) -> Iterator[tuple[int, StyleRule]]:
        if not self._by_key:
            return
        keys = [local_name(element), "*", *(f".{c}" for c in (element.get("class") or "").split())]
        if element.get("id"):
            keys.append(f"#{element.get('id')}")
        for key in dict.fromkeys(keys):
            yield from self._by_key.get(key, ())


def _key(compound: Compound) -> str:
    if compound.ids:
        return f"#{compound.ids[0]}"
    return f".{compound.classes[0]}" if compound.classes else compound.type


class _Matcher:
    """Tries the selectors of one element in all ways up and back, within a bound."""

    def __init__(self) -> None:
        self._steps = MAX_STEPS

    def matches(self, element: Element, selector: tuple[Compound, ...]) -> bool:
        """Returns whether an element is a selector's subject."""
        return self._match(element, selector, len(selector) - 1)

    def _match(self, element: Element, selector: tuple[Compound, ...], at: int) -> bool:
        self._steps -= 1
        if self._steps < 0 or not _is(element, selector[at]):
            return False
        if at == 0:
            return True
        around = _related(element, selector[at].combinator)
        return any(self._match(other, selector, at - 1) for other in around if self._steps > 0)


def _related(element: Element, combinator: str) -> Iterator[Element]:
    parent = element.getparent()
    if combinator == ">":
        if parent is not None:
            yield parent
    elif combinator in ("+", "~"):
        for sibling in element.itersiblings("*", preceding=True):
            yield sibling
            if combinator == "+":
                return
    else:
        yield from element.iterancestors()


def _is(element: Element, compound: Compound) -> bool:
    if compound.type not in ("*", local_name(element)):
        return False
    if any(element.get("id") != identifier for identifier in compound.ids):
        return False
    if compound.classes:
        classes = (element.get("class") or "").split()
        if not all(name in classes for name in compound.classes):
            return False
    return all(_has(element, *test) for test in compound.attributes)


def _has(element: Element, name: str, operator: str, value: str) -> bool:
    values = [str(v) for k, v in element.items() if re.split(r"[}:]", str(k))[-1] == name]
    if not operator or not values:
        return bool(values)
    actual = values[0]
    tests = {
        "=": actual == value,
        "~=": value in actual.split(),
        "|=": actual == value or actual.startswith(f"{value}-"),
        "^=": bool(value) and actual.startswith(value),
        "$=": bool(value) and actual.endswith(value),
        "*=": bool(value) and value in actual,
    }
    return tests[operator]


def _rule(selector: str, declarations: tuple[Declaration, ...]) -> StyleRule | None:
    """A rule, or None where its selector has something that is not known here."""
    if not 0 < len(selector) <= LONGEST_SELECTOR:
        return None
    compounds: list[Compound] = []
    at = 0
    current = Compound("", "*", (), (), ())
    types = 0
    while at < len(selector):
        piece = _PIECE.match(selector, at)
        if piece is None:
            return None
        at = piece.end()
        if piece["combinator"]:
            compounds.append(current)
            current = Compound(piece["combinator"].strip() or " ", "*", (), (), ())
        elif piece["type"]:
            current = current._replace(type=piece["type"].lower())
            types += piece["type"] != "*"
        elif piece["class"]:
            current = current._replace(classes=(*current.classes, piece["class"]))
        elif piece["id"]:
            current = current._replace(ids=(*current.ids, piece["id"]))
        else:
            test = (
                piece["name"].rpartition(":")[2],
                piece["operator"] or "",
                (piece["value"] or "").strip("\"'"),
            )
            current = current._replace(attributes=(*current.attributes, test))
    compounds.append(current)
    ids = sum(len(c.ids) for c in compounds)
    classes = sum(len(c.classes) + len(c.attributes) for c in compounds)
    return StyleRule(tuple(compounds), (ids, classes, types), declarations)


def _blocks(css: str) -> Iterator[tuple[str, str]]:
    """Yields preludes and bodies of the rules that apply on a screen."""
    at = 0
    opened: list[tuple[str, bool]] = []
    """Preludes of the blocks that are open (empty: an at-rule's), and whether they apply."""
    for brace in re.finditer(r"[{}]", css):
        piece, at = css[at : brace.start()], brace.end()
        if brace.group() == "{":
            prelude = piece.rpartition(";")[2].strip()
            applies = not opened or opened[-1][1]
            if prelude.startswith("@"):
                name, _, condition = prelude[1:].partition(" ")
                media = {part.strip().lower() for part in condition.split(",")}
                opened.append(("", applies and name.lower() == "media" and bool(media & MEDIA)))
            else:
                opened.append((prelude, applies))
        elif opened:
            prelude, applies = opened.pop()
            if prelude and applies:
                yield prelude, piece
    if opened and all(opened[-1]):
        yield opened[-1][0], css[at:]


def _without_comments(css: str) -> str:
    kept, at = [], 0
    while (start := css.find("/*", at)) >= 0:
        kept.append(css[at:start])
        end = css.find("*/", start + 2)
        at = end + 2 if end >= 0 else len(css)
    return " ".join([*kept, css[at:]])
