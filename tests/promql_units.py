"""The unit of a PromQL expression: seconds and bytes are kept, everything else is a count.

Reads as much of the language as the dashboards use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>\d+(?:\.\d+)?) | (?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*) | (?P<labels>\{[^}]*\}) |
    (?P<range>\[[^\]]+\]) | (?P<sign>[()+*/,>-])
    )""",
    re.X,
)
_KEEP = frozenset({"sum", "max", "min", "scalar", "increase"})


@dataclass(frozen=True)
class Unit:
    """Powers of seconds and of bytes; None: a bare number, which goes with any unit."""

    s: int = 0
    b: int = 0
    bare: bool = False

    def over(self, other: Unit) -> Unit:
        """A quotient."""
        return Unit(self.s - other.s, self.b - other.b)


def metric_unit(name: str, records: dict[str, str]) -> Unit:
    """Of a series: by its suffix, or by the expression that it records.

    >>> metric_unit("tts_job_seconds_bucket", {}), metric_unit("tts_parts_total", {})
    (Unit(s=1, b=0, bare=False), Unit(s=0, b=0, bare=False))
    """
    if name in records:
        return unit_of(records[name], records)
    if name.endswith("_count"):
        return Unit()
    base = re.sub(r"_(total|bucket|sum)$", "", name)
    return Unit(s=int(base.endswith("_seconds")), b=int(base.endswith("_bytes")))


def unit_of(query: str, records: dict[str, str]) -> Unit:
    """Of an expression.

    >>> unit_of("sum(rate(a_seconds_total[5m])) / (sum(rate(b_total[5m])) > 0)", {})
    Unit(s=1, b=0, bare=False)

    Raises:
        ValueError: it joins different units, or is not understood.
    """
    return _Reader(query, records).whole()


class _Reader:
    def __init__(self, query: str, records: dict[str, str]) -> None:
        self._records = records
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while query[at:].strip():
            found = _TOKEN.match(query, at)
            if not found:
                raise ValueError(f"not understood: {query[at:]}")
            assert found.lastgroup is not None
            self._tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()

    def whole(self) -> Unit:
        unit = self._either()
        if self._tokens:
            raise ValueError(f"left over: {self._tokens}")
        return unit

    def _next(self) -> str:
        return self._tokens[0][1] if self._tokens else ""

    def _pop(self, wanted: str = "") -> str:
        text = self._tokens.pop(0)[1]
        if wanted and text != wanted:
            raise ValueError(f"{wanted} expected, not {text}")
        return text

    def _either(self) -> Unit:
        unit = self._compared()
        while self._next() == "or":
            self._pop()
            unit = _same(unit, self._compared())
        return unit

    def _compared(self) -> Unit:
        unit = self._sum()
        if self._next() == ">":
            self._pop()
            _same(unit, self._sum())
        return unit

    def _sum(self) -> Unit:
        unit = self._product()
        while self._next() in ("+", "-"):
            self._pop()
            unit = _same(unit, self._product())
        return unit

    def _product(self) -> Unit:
        unit = self._one()
        while self._next() in ("*", "/"):
            sign, other = self._pop(), self._one()
            unit = unit.over(other if sign == "/" else Unit().over(other))
        return unit

    def _one(self) -> Unit:
        kind, text = self._tokens.pop(0)
        if kind == "number":
            return Unit(bare=True)
        if text == "(":
            unit = self._either()
            self._pop(")")
            return unit
        if self._next() in ("by", "without"):
            self._grouping()
        if self._next() == "(":
            return self._call(text)
        while self._tokens and self._tokens[0][0] in ("labels", "range"):
            self._tokens.pop(0)
        return metric_unit(text, self._records)

    def _grouping(self) -> None:
        while self._pop() != ")":
            pass

    def _call(self, name: str) -> Unit:
        self._pop("(")
        units = [self._either()]
        while self._next() == ",":
            self._pop()
            units.append(self._either())
        self._pop(")")
        if self._next() in ("by", "without"):
            self._grouping()
        if name in _KEEP:
            return units[0]
        if name == "rate":
            return units[0].over(Unit(s=1))
        if name == "histogram_quantile":
            # The rate is of the observations; what is asked for is where they lie.
            return units[1].over(Unit(s=-1))
        if name == "vector":
            return Unit(bare=True)
        if name == "count":
            return Unit()
        raise ValueError(f"no unit is known for {name}")


def _same(one: Unit, other: Unit) -> Unit:
    if one.bare or other.bare:
        return other if one.bare else one
    if one != other:
        raise ValueError(f"{one} is not {other}")
    return one
