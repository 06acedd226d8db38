"""Metadata of a package document: Dublin Core, its refinements, Calibre's names for series."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.book import BookMetadata
from text.books.pages.markup import Element, attribute, local_name, text_of

LONGEST_VALUE = 500
"""Characters of a name or title."""
LONGEST_DESCRIPTION = 4000
MOST_VALUES = 50
"""Names, or subjects."""
AUTHOR_ROLES = frozenset(("", "aut", "cre", "oth"))
"""MARC relators of a ``dc:creator`` that wrote the book. Source: id.loc.gov/vocabulary/relators."""
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_ISBN = re.compile(r"(?:urn:)?(?:isbn[:\s]*)?((?:97[89][- ]?)?(?:\d[- ]?){9}[\dXx])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PackageMetadata:
    """What a package says of its book.

    Attributes:
        title, language: empty where it has none.
        authors: in order.
        metadata: the rest.
    """

    title: str
    authors: tuple[str, ...]
    language: str
    metadata: BookMetadata


def read_metadata(elements: Sequence[Element]) -> PackageMetadata:
    """Reads the metadata of EPUB 2 and 3.

    Args:
        elements: of the metadata section.
    """
    return _Metadata(elements).read()


def meta_content(elements: Sequence[Element], name: str) -> str:
    """Returns the content of ``<meta name="…" content="…"/>``; empty = there is none."""
    metas = (e for e in elements if local_name(e) == "meta" and e.get("name") == name)
    return next((" ".join((e.get("content") or "").split()) for e in metas), "")


class _Metadata:
    def __init__(self, elements: Sequence[Element]) -> None:
        self._elements = elements
        self._refined: Mapping[str, dict[str, str]] = _refinements(elements)

    def read(self) -> PackageMetadata:
        title, subtitle = self._titles()
        people = self._people()
        creators = [(name, role) for name, role, creator in people if creator]
        authors = [name for name, role in creators if role in AUTHOR_ROLES]
        series, number = self._series()
        return PackageMetadata(
            title=title,
            authors=tuple(authors or [name for name, _ in creators])[:MOST_VALUES],
            language=self._first("language"),
            metadata=BookMetadata(
                subtitle=subtitle,
                translators=tuple(name for name, role, _ in people if role == "trl")[:MOST_VALUES],
                narrators=tuple(name for name, role, _ in people if role == "nrt")[:MOST_VALUES],
                series=series,
                series_number=number,
                published=self._date(),
                publisher=self._first("publisher"),
                description=self._description(),
                isbn=self._isbn(),
                subjects=tuple(dict.fromkeys(self._values("subject")))[:MOST_VALUES],
            ),
        )

    def _named(self, name: str) -> list[Element]:
        found = [e for e in self._elements if local_name(e) == name]
        return [e for e in found if text_of(e).strip()]

    def _values(self, name: str) -> list[str]:
        return [_text(element) for element in self._named(name)]

    def _first(self, name: str) -> str:
        return next(iter(self._values(name)), "")

    def _refinement(self, element: Element, name: str) -> str:
        return self._refined.get(element.get("id") or "", {}).get(name, "")

    def _titles(self) -> tuple[str, str]:
        """Main title and subtitle. Source: EPUB 3.3 appendix D.3.10 (title-type)."""
        titles = self._named("title")
        kinds = {e: self._refinement(e, "title-type") for e in titles}
        main = next((e for e in titles if kinds[e] == "main"), None)
        main = next((e for e in titles if not kinds[e]), None) if main is None else main
        main = next(iter(titles), None) if main is None else main
        subtitle = next((e for e in titles if kinds[e] == "subtitle" and e is not main), None)
        return ("" if main is None else _text(main), "" if subtitle is None else _text(subtitle))

    def _people(self) -> list[tuple[str, str, bool]]:
        """Names, MARC relators (empty = none is given), whether they are creators."""
        people = []
        for element in self._elements:
            name = local_name(element)
            if name in ("creator", "contributor") and text_of(element).strip():
                role = self._refinement(element, "role") or attribute(element, "role")
                people.append((_text(element), role.strip().lower(), name == "creator"))
        return people

    def _series(self) -> tuple[str, str]:
        """Source: EPUB 3.3 appendix D.3.1 (belongs-to-collection); Calibre's OPF."""
        for element in self._elements:
            collection = element.get("property") == "belongs-to-collection"
            if collection and self._refinement(element, "collection-type") in ("", "series"):
                return _text(element), self._refinement(element, "group-position")
        series = meta_content(self._elements, "calibre:series")
        number = meta_content(self._elements, "calibre:series_index") if series else ""
        return series[:LONGEST_VALUE], re.sub(r"\.0+$", "", number)[:20]

    def _date(self) -> str:
        """The date of publication: EPUB 2 may name the event, EPUB 3 has one date."""
        dates = self._named("date")
        dates.sort(key=lambda e: attribute(e, "event").lower() not in ("", "publication"))
        found = next((d for e in dates if (d := _DATE.match(_text(e)))), None)
        if found is None or found.group(1) == "0000" or found.group(1) == "0101":
            return ""  # what programs write that know no date
        return "-".join(part for part in found.groups() if part)

    def _description(self) -> str:
        """Descriptions are often HTML."""
        raw = next((text_of(e) for e in self._named("description")), "")[: 4 * LONGEST_DESCRIPTION]
        return " ".join(_TAG.sub(" ", raw).split())[:LONGEST_DESCRIPTION]

    def _isbn(self) -> str:
        for element in self._named("identifier"):
            found = _ISBN.fullmatch(_text(element))
            digits = re.sub(r"[- ]", "", found.group(1)).upper() if found else ""
            if _is_isbn(digits):
                return digits
        return ""


def _refinements(elements: Sequence[Element]) -> Mapping[str, dict[str, str]]:
    """Values of ``<meta refines="#id" property="…">`` by id and property."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for element in elements:
        name, refined = element.get("property"), element.get("refines")
        if local_name(element) == "meta" and name and refined:
            found[refined.lstrip("#")].setdefault(name, _text(element))
    return found


def _text(element: Element) -> str:
    return " ".join(text_of(element).split())[:LONGEST_VALUE]


def _is_isbn(digits: str) -> bool:
    """Whether the check digit is right. Source: ISBN Users' Manual 7 §4.

    >>> _is_isbn("9780141439518"), _is_isbn("0141439513"), _is_isbn("9780141439519")
    (True, True, False)
    """
    values = [10 if digit == "X" else int(digit) for digit in digits]
    if len(values) == 13:
        return 10 not in values and sum(v * (1, 3)[i % 2] for i, v in enumerate(values)) % 10 == 0
    if len(values) != 10 or 10 in values[:-1]:
        return False
    return sum(v * (10 - i) for i, v in enumerate(values)) % 11 == 0
