"""Formulas to words, where the page has words for them."""

from __future__ import annotations

import re

from text.books.mathematics import latex_words, mathml_words
from text.books.pages.markup import Element, local_name

_FORMULA_CLASS = re.compile(r"\b(?:tex|latex|math|formula|equation|mwe-math|asciimath)\b", re.I)
_LATEX = re.compile(r"[\\^_{}]")
"""Signs of LaTeX, which is no text to be read."""


def formula_text(element: Element) -> str:
    """Returns the words of a formula: those that the page has, else those of its markup if simple.

    Args:
        element: ``math``, or a picture of a formula.
    """
    for key in ("alttext", "alt", "aria-label"):
        words = " ".join((element.get(key) or "").split())
        if words and not _LATEX.search(words):
            return words
        if words and (read := latex_words(words)):
            return read
    return mathml_words(element) if local_name(element) == "math" else ""


def is_formula_picture(element: Element) -> bool:
    """Returns whether a picture shows a formula, by its role or class."""
    if local_name(element) != "img":
        return False
    return element.get("role") == "math" or bool(
        _FORMULA_CLASS.search((element.get("class") or "").replace("-", " "))
    )
