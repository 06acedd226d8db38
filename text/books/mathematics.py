"""Formulas to words: MathML and LaTeX in simple cases, as somebody reads them to a listener.

What is not simple (tables, stacked limits, matrices, long derivations) has no words here: nobody
follows it by ear, and a wrong reading is worse than none.

Source: MathML Core (W3C), the elements; the readings are those of school: "x squared", "a over b".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from text.books.pages.markup import Element, local_name, text_of

LONGEST = 40
"""Words of a formula that is read."""
MOST_PIECES = 150
"""Elements or tokens of one; what is nested deeper than that cannot be simple."""
_SIGNS = {
    "+": "plus",
    "-": "minus",
    "−": "minus",
    "±": "plus or minus",
    "×": "times",
    "·": "times",
    "⋅": "times",
    "*": "times",
    "÷": "divided by",
    "/": "over",
    "=": "equals",
    "≠": "is not equal to",
    "≈": "is about",
    "≡": "is equivalent to",
    "∝": "is proportional to",
    "<": "is less than",
    ">": "is greater than",
    "≤": "is at most",
    "≥": "is at least",
    "→": "goes to",
    "⇒": "implies",
    "∈": "in",
    "∪": "union",
    "∩": "intersection",
    "∞": "infinity",
    "∂": "partial",
    "∑": "sum of",
    "∏": "product of",
    "∫": "integral of",
    "%": "percent",
    "°": "degrees",
    "!": "factorial",
    ",": ",",
    ":": "to",
    "…": "and so on",
    "⋯": "and so on",
    "′": "prime",
    "'": "prime",
    "\u2061": "of",
    "\u2062": "",
    "\u2063": "",
}
"""Signs and their words; the last three are invisible."""
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_FUNCTION_NAMES = frozenset(("f", "g", "h", "F", "G", "P"))
"""Letters whose brackets hold an argument, not a factor."""
_COMMANDS = {
    rf"\{name}": sign
    for name, sign in (
        *(("times", "×"), ("cdot", "·"), ("div", "÷"), ("pm", "±"), ("ast", "*"), ("%", "%")),
        *(("leq", "≤"), ("le", "≤"), ("geq", "≥"), ("ge", "≥"), ("neq", "≠"), ("ne", "≠")),
        *(("approx", "≈"), ("equiv", "≡"), ("propto", "∝"), ("to", "→"), ("rightarrow", "→")),
        *(("Rightarrow", "⇒"), ("in", "∈"), ("cup", "∪"), ("cap", "∩"), ("infty", "∞")),
        *(("partial", "∂"), ("sum", "∑"), ("prod", "∏"), ("int", "∫"), ("prime", "′")),
        *(("ldots", "…"), ("dots", "…"), ("cdots", "⋯"), ("lt", "<"), ("gt", ">")),
    )
}
_GREEK = frozenset(
    (
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
        *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi"),
        *("omega",),
    )
)
_FUNCTIONS = {
    "sin": "sine of",
    "cos": "cosine of",
    "tan": "tangent of",
    "log": "log of",
    "ln": "natural log of",
    "exp": "exponential of",
    "lim": "limit of",
    "max": "maximum of",
    "min": "minimum of",
}
_IGNORED = frozenset(
    (r"\left", r"\right", r"\,", r"\;", r"\:", r"\!", r"\ ", r"\quad", r"\displaystyle")
)
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S")
_ROWS = frozenset(("math", "mrow", "mstyle", "mpadded", "semantics"))


class _NotSimple(Exception):
    """The formula has no simple reading."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a formula in words.

    Attributes:
        words: as they are read.
        operator: whether it joins what is around it.
    """

    words: str
    operator: bool = False

    @property
    def is_simple(self) -> bool:
        """Whether it is one letter or number, which needs no pauses around it."""
        return " " not in self.words


def mathml_words(element: Element) -> str:
    """Returns the words of a ``math`` element; empty = it is not simple.

    Args:
        element: of MathML, presentation markup.
    """
    if any(at >= MOST_PIECES for at, _ in enumerate(element.iter())):
        return ""
    try:
        return _bounded(_element(element).words)
    except _NotSimple:
        return ""


def latex_words(source: str) -> str:
    r"""Returns the words of a formula in LaTeX; empty = it is not simple.

    Args:
        source: without the signs around it.

    >>> latex_words(r"a^2 + b^2 = c^2")
    'A squared plus b squared equals c squared'
    >>> latex_words(r"\frac{1}{2} x_n"), latex_words(r"\begin{matrix} 1 \end{matrix}")
    ('one half x sub n', '')
    """
    try:
        tokens = _TOKEN.findall(source)
        reader = _LatexReader(tokens if len(tokens) <= MOST_PIECES else ["|"])
        return _bounded(reader.read().words)
    except _NotSimple:
        return ""


def _bounded(words: str) -> str:
    words = re.sub(r"(?:\s*,)+", ",", " ".join(words.split())).strip(" ,")
    return words if any(map(str.isalnum, words)) and len(words.split()) <= LONGEST else ""


def _row(pieces: Sequence[_Piece]) -> _Piece:
    words: list[str] = []
    for at, piece in enumerate(pieces):
        before = pieces[at - 1] if at else None
        starts = before is None or before.operator or before.words in _OPENING
        if piece.words == "minus" and starts:
            words.append("negative")
        elif piece.words in _OPENING:
            words.append(_bracket(before, pieces[at + 1 :]))
        elif piece.words in _CLOSING:
            words.append(",")
        elif not (piece.words == "of" and before is not None and before.words.endswith(" of")):
            words.append(piece.words)
    return _Piece(" ".join(filter(None, words)), len(pieces) == 1 and pieces[0].operator)


def _bracket(before: _Piece | None, inside: Sequence[_Piece]) -> str:
    """Returns the words of an opening bracket: what is calculated within is kept together."""
    if before is not None and before.words in _FUNCTION_NAMES:
        return "of"
    if before is not None and before.words.endswith(" of"):
        return ""
    within = next((i for i, piece in enumerate(inside) if piece.words in _CLOSING), len(inside))
    return "the quantity" if any(piece.operator for piece in inside[:within]) else ""


def _symbol(text: str) -> _Piece:
    if text in _SIGNS:
        return _Piece(_SIGNS[text], text not in "!%°'′…")
    if text in _FUNCTIONS:
        return _Piece(_FUNCTIONS[text], operator=True)
    if text in _OPENING or text in _CLOSING or not text:
        return _Piece(text)
    if text == "|":
        raise _NotSimple
    if re.fullmatch(r"\d+(?:[.,]\d+)*|[^\W\d_]+", text):
        # A capital A is read as a letter where "a" would be an article.
        return _Piece("A" if text == "a" else text)
    raise _NotSimple


def _over(above: _Piece, below: _Piece) -> _Piece:
    known = {("1", "2"): "one half", ("1", "3"): "one third", ("1", "4"): "one quarter"}
    if (above.words, below.words) in known:
        return _Piece(known[above.words, below.words])
    if above.is_simple and below.is_simple:
        return _Piece(f"{above.words} over {below.words}")
    return _Piece(f"{above.words}, over {below.words},")


def _power(base: _Piece, exponent: _Piece) -> _Piece:
    if base.words in _CLOSING:
        base = _Piece(", all")
    named = {"2": "squared", "3": "cubed", "prime": "prime", "degrees": "degrees", "∘": "degrees"}
    if exponent.words in named:
        return _Piece(f"{base.words} {named[exponent.words]}")
    if exponent.words == "negative 1" and base.words in _FUNCTIONS.values():
        return _Piece(f"inverse {base.words}", operator=True)
    return _Piece(f"{base.words} to the {exponent.words}")


def _root(inside: _Piece) -> _Piece:
    end = "" if inside.is_simple else ","
    return _Piece(f"the square root of {inside.words}{end}")


def _element(element: Element) -> _Piece:
    name = local_name(element)
    children = [child for child in element if local_name(child)]
    if name in ("mi", "mn", "mo"):
        return _symbol(" ".join(text_of(element).split()))
    if name in ("mtext", "ms"):
        return _Piece(" ".join(text_of(element).split()))
    if name == "mspace":
        return _Piece("")
    if name == "semantics":
        children = children[:1]
    if name in _ROWS:
        return _row([_element(child) for child in children])
    if name == "msqrt":
        return _root(_row([_element(child) for child in children]))
    if name in ("mfrac", "msup", "msub") and len(children) == 2:
        first, second = map(_element, children)
        if name == "mfrac":
            return _over(first, second)
        return _power(first, second) if name == "msup" else _sub(first, second)
    if name == "msubsup" and len(children) == 3:
        base, below, above = map(_element, children)
        return _power(_sub(base, below), above)
    raise _NotSimple


def _sub(base: _Piece, index: _Piece) -> _Piece:
    if base.operator:
        raise _NotSimple  # limits of a sum
    return _Piece(f"{base.words} sub {index.words}")


class _LatexReader:
    """Reads tokens of LaTeX.

    Args:
        tokens: commands, numbers and signs, in order.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens, self._at = tokens, 0

    def read(self, end: str = "") -> _Piece:
        """Returns the words up to a closing sign, or to the end."""
        pieces: list[_Piece] = []
        while self._at < len(self._tokens):
            if self._tokens[self._at] == end:
                self._at += 1
                return _row(pieces)
            sign = self._tokens[self._at]
            if sign in "^_" and pieces:
                self._at += 1
                argument = self._argument()
                base = pieces.pop()
                pieces.append(_power(base, argument) if sign == "^" else _sub(base, argument))
            else:
                pieces.append(self._argument())
        if end:
            raise _NotSimple
        return _row(pieces)

    def _argument(self) -> _Piece:
        if self._at >= len(self._tokens):
            raise _NotSimple
        token = self._tokens[self._at]
        self._at += 1
        if token == "{":
            return self.read("}")
        if token in _IGNORED:
            return _Piece("")
        if token == r"\frac":
            above = self._argument()
            return _over(above, self._argument())
        if token == r"\sqrt":
            return _root(self._argument())
        if token in (r"\text", r"\mathrm", r"\textrm", r"\operatorname"):
            return self._text()
        if token in _COMMANDS:
            return _symbol(_COMMANDS[token])
        name = token[1:]
        if token.startswith("\\"):
            if name.lower() in _GREEK:
                return _Piece(name.lower())
            if name in _FUNCTIONS:
                return _symbol(name)
            if name not in _OPENING and name not in _CLOSING:
                raise _NotSimple
        return _symbol(token.lstrip("\\"))

    def _text(self) -> _Piece:
        if self._tokens[self._at : self._at + 1] != ["{"]:
            raise _NotSimple
        close = next((i for i in range(self._at, len(self._tokens)) if self._tokens[i] == "}"), 0)
        if not close:
            raise _NotSimple
        word = "".join(self._tokens[self._at + 1 : close])
        self._at = close + 1
        return _Piece(_FUNCTIONS.get(word, word))
