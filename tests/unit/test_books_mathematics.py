"""Formulas read aloud, from MathML and LaTeX."""

from __future__ import annotations

import pytest

from tests.epub_files import epub
from text.books.mathematics import LONGEST, latex_words
from text.books.reader import read_book
from text.frontend import open_frontend

NAMESPACE = "http://www.w3.org/1998/Math/MathML"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("a^2 + b^2 = c^2", "A squared plus b squared equals c squared"),
        (r"\frac{-b \pm \sqrt{b}}{2a}", "negative b plus or minus the square root of b, over 2 A"),
        (r"e^{i\pi} + 1 = 0", "e to the i pi plus 1 equals 0"),
        (r"f(x) = \sin(x)", "f of x, equals sine of x"),
        (r"(a+b)^2 = y", "the quantity A plus b, all squared equals y"),
        (r"10^{-3}\,\text{m}", "10 to the negative 3 m"),
        (r"x_n \leq \frac{1}{2}", "x sub n is at most one half"),
        (r"\sum_{i=1}^n i", ""),
        (r"\begin{matrix} 1 & 2 \end{matrix}", ""),
        ("{" * 100_000, ""),
        ("+".join(["x"] * LONGEST), ""),
    ],
)
def test_latex(source: str, words: str) -> None:
    assert latex_words(source) == words


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ("<mi>x</mi><mo>=</mo><mn>5</mn>", "x equals 5"),
        ("<msup><mi>a</mi><mn>2</mn></msup>", "A squared"),
        ("<mfrac><mi>a</mi><mi>b</mi></mfrac>", "A over b"),
        ("<mi>sin</mi><mo>&#x2061;</mo><mi>t</mi>", "sine of t"),
        (
            "<semantics><msqrt><mn>2</mn></msqrt><annotation>\\sqrt 2</annotation></semantics>",
            "the square root of 2",
        ),
        ("<munderover><mo>∑</mo><mn>1</mn><mi>n</mi></munderover>", ""),
    ],
)
def test_mathml_of_a_page(inner: str, words: str) -> None:
    page = f'<p>So <math xmlns="{NAMESPACE}">{inner}</math> is.</p>'
    book = read_book(epub({"a.xhtml": page}, [("One", "a.xhtml")]), "a.epub")
    assert " ".join(book.chapters[0].text.split()) == " ".join(f"So {words} is.".split())
    assert bool(words) != any(n.code == "left_out_formula" for n in book.notices)


def test_the_letter_a_of_a_formula_is_no_article() -> None:
    analysis = open_frontend("house-ipa").analyze(latex_words("a + b = a"), ssml=False)
    words = analysis.utterances[0].words
    phonemes = ["".join(analysis.utterances[0].phonemes[w.start : w.end]) for w in words]
    assert phonemes[0] == phonemes[-1] == "ˈeɪ"
