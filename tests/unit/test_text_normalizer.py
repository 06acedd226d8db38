"""Sentences that are hard to read, and the words they are read as."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from text.frontend import open_frontend

VERBALIZED = {
    # what common normalizers read wrong
    "It costs ¥500.": "It costs five hundred yen.",
    "A 5kg bag.": "A five kilogram bag.",
    "From 1643–1715.": "From sixteen forty three to seventeen fifteen.",
    "It was -5°C.": "It was minus five degrees celsius.",
    "We own H100s.": "We own H one hundreds.",
    "Louis XIV's chair.": "Louis the fourteenth's chair.",
    "Don't—I can't.": "Don't, I can't.",
    "He left… then came.": "He left, then came.",
    "Call 1-800-555-0199.": "Call one, eight hundred, five five five, oh one nine nine.",
    # numbers
    "1,234,567": "one million two hundred thirty four thousand five hundred sixty seven.",
    "Pi is 3.14159.": "Pi is three point one four one five nine.",
    "0.5, .5 and -0.5": "zero point five, point five and minus zero point five.",
    "007": "zero zero seven.",
    "50 % of 10 000": "fifty percent of ten thousand.",
    "8bn people, 8.5 million people": "eight billion people, eight point five million people.",
    "1e-5, 10^6, x² and 10⁻³": (
        "one times ten to the minus five, ten to the six, x squared and ten to the minus three."
    ),
    "#1 fan": "number one fan.",
    "1500 people and 1984 books": (
        "one thousand five hundred people and one thousand nine hundred eighty four books."
    ),
    # ordinals, years, decades, fractions, ranges
    "1st, 2nd, 3rd, 21st, 112th": "first, second, third, twenty first, one hundred twelfth.",
    "In 1066, 1905, 2000, 2005 and 2019.": (
        "In ten sixty six, nineteen oh five, two thousand, two thousand five and twenty nineteen."
    ),
    "In 1999's summer": "In nineteen ninety nine's summer.",
    "The 1990s, the '80s, the 1800s, mid-1990s": (
        "The nineteen nineties, the eighties, the eighteen hundreds, mid nineteen nineties."
    ),
    "1/2 cup, 2 1/2 miles, ½ kg, 2½ hours, 3/4": (
        "one half cup, two and a half miles, half a kilogram, two and a half hours, three quarters."
    ),
    "24/7 and 50/50": "twenty four seven and fifty fifty.",
    "pp. 10-20, ages 5–10, 3-2": "pages ten to twenty, ages five to ten, three to two.",
    "1914–18 and 2019-2020": (
        "nineteen fourteen to nineteen eighteen and twenty nineteen to twenty twenty."
    ),
    # money
    "$3.50, $1, $0.99, $1.01": (
        "three dollars and fifty cents, one dollar, ninety nine cents, one dollar and one cent."
    ),
    "$1.5 million, €5bn, $100K": (
        "one point five million dollars, five billion euros, one hundred thousand dollars."
    ),
    "£3.50, 5€, 100 USD, -$5": (
        "three pounds and fifty pence, five euros, one hundred U S dollars, minus five dollars."
    ),
    "$5-$10 or $20-a-day": "five to ten dollars or twenty dollars a day.",
    "$100/day, 5 €/kg": "one hundred dollars per day, five euros per kilogram.",
    # measures
    "20 ft. long, 60 mph, 100 km/h": (
        "twenty feet long, sixty miles per hour, one hundred kilometers per hour."
    ),
    "3 GB, 16 MHz, 5 m², 9mm": (
        "three gigabytes, sixteen megahertz, five square meters, nine millimeters."
    ),
    "72°F, 45°, 10-20%": (
        "seventy two degrees fahrenheit, forty five degrees, ten to twenty percent."
    ),
    "He is 5'10\" tall.": "He is five feet ten inches tall.",
    "5 in Paris, 5 in. long": "five in Paris, five inches long.",
    "10-km run": "ten kilometer run.",
    "5 µg/mL, ¼ tsp": "five micrograms per milliliter, one quarter of a teaspoon.",
    "747s in the 80s took 15s.": "seven hundred forty sevens in the eighties took fifteen seconds.",
    "a $5 t-shirt": "a five dollar t shirt.",
    # dates and times
    "March 5, 2024; Jan. 3rd": "march fifth, twenty twenty four; january third.",
    "5 March 2024, the 4th of July": ("the fifth of march twenty twenty four, the fourth of july."),
    "2024-03-05 and 3/5/2024": (
        "march fifth, twenty twenty four and march fifth, twenty twenty four."
    ),
    "31.12.1999": "december thirty first, nineteen ninety nine.",
    "10:30 a.m., 7pm, 12:05, 14:00 UTC": (
        "ten thirty A M, seven P M, twelve oh five, fourteen hundred U T C."
    ),
    "10am-5pm, Mon-Fri": "ten A M to five P M, monday to friday.",
    "Tues. & Thurs., 9–11am": "tuesday and thursday, nine to eleven A M.",
    # telephone, codes
    "(212) 555-1234": "two one two, five five five, one two three four.",
    "+44 20 7946 0958": "plus four four, two oh, seven nine four six, oh nine five eight.",
    "ZIP 90210": "zip nine zero two one zero.",
    "My SSN is 123-45-6789.": "My S S N is one two three, four five, six seven eight nine.",
    # Roman numerals
    "Chapter IV of World War II": "Chapter four of World War two.",
    "In the event of war I would": "In the event of war I would.",
    "In World War I they did": "In World War one they did.",
    "Elizabeth II and Henry VIII": "Elizabeth the second and Henry the eighth.",
    "Charles I. Then I left.": "Charles the first. | Then I left.",
    "Act III, scene ii": "Act three, scene two.",
    "Malcolm X has a CD.": "Malcolm X has a C D.",
    # abbreviations
    "Dr. Smith, Mrs. Jones vs. Prof. Lee": ("doctor Smith, missus Jones versus professor Lee."),
    "Mr. and Mrs. Smith": "mister and missus Smith.",
    "St. John lives on Main St. in St. Louis.": ("saint John lives on Main street in saint Louis."),
    "5th St. and Elm Dr.": "fifth street and Elm drive.",
    "e.g. books, i.e. paper, etc.": "for example books, that is paper, et cetera.",
    "No. 5 is alive. No. I won't.": "number five is alive. | No. | I won't.",
    "Fig. 3.2 and vol. 2": "figure three point two and volume two.",
    "It's w/o sugar, w/ milk.": "It's without sugar, with milk.",
    # acronyms and mixed words
    "NASA, the FBI and U.S.A.": "nasa, the F B I and U S A.",
    "The CEO's CEOs": "The C E O's C E O's.",
    "STOP RIGHT NOW!": "stop right now!",
    "It is IT support.": "It is I T support.",
    "COVID-19, F-16, MP3s, B2B": "COVID nineteen, F sixteen, M P threes, B two B.",
    "top-10, 20-year-old": "top ten, twenty year old.",
    "JavaScript and PyPI": "JavaScript and Py P I.",
    "R&D, AT&T, Q&A": "R and D, A T and T, Q and A.",
    "TCP/IP, and/or, A/B": "T C P I P, and or, A B.",
    "J. K. Rowling": "J K Rowling.",
    "T-shirt, X-ray, e-mail": "T shirt, X ray, e mail.",
    "vitamin A is a vitamin, grade A.": "vitamin A is a vitamin, grade A.",
    # addresses
    "foo.bar@example.com": "foo dot bar at example dot com.",
    "https://www.example.com/a-b": "W W W dot example dot com slash A dash B.",
    "Node.js and .NET": "node dot J S and dot net.",
    "@jane and #BatchSize": "at jane and hashtag batch size.",
    "192.168.0.1 and v1.2.3": (
        "one hundred ninety two point one hundred sixty eight point zero point one "
        "and version one point two point three."
    ),
    # signs
    "2+2=4, 5 × 3, 3 * 4": "two plus two equals four, five times three, three times four.",
    "x > 3, y >= 4, z != 5": (
        "x greater than three, y greater than or equal to four, z is not equal to five."
    ),
    "cats & dogs @ home": "cats and dogs at home.",
    "*bold* _italic_ `code`": "bold italic code.",
    "α-helix, C#, C++": "alpha helix, C sharp, C plus plus.",
    "A remark (in the middle) here.": "A remark, in the middle, here.",
    "The quick—brown -- fox - jumps": "The quick, brown, fox, jumps.",
    "naïve café, Zürich": "naïve café, Zürich.",
    "rock 'n' roll, 'tis": "rock n roll, tis.",
}


@pytest.fixture(scope="module")
def read() -> Callable[[str], str]:
    frontend = open_frontend("house-ipa")

    def normalized(text: str) -> str:
        return " | ".join(u.text for u in frontend.analyze(text, ssml=False).utterances)

    return normalized


@pytest.mark.parametrize(("text", "expected"), VERBALIZED.items())
def test_normalized(read: Callable[[str], str], text: str, expected: str) -> None:
    assert read(text) == expected


def test_every_table_word_is_in_the_lexicon() -> None:
    """Words that the rules write must not be guesses."""
    from text.frontend import english_lexicon
    from text.normalization import numbers
    from text.normalization.tables import names, quantities, signs

    written = [
        *quantities.MONTHS,
        *quantities.DAYS.values(),
        *quantities.MAGNITUDES.values(),
        *signs.SYMBOLS.values(),
        *signs.COMPOUND_SYMBOLS.values(),
        *signs.GREEK.values(),
        *names.TITLES.values(),
        *names.ABBREVIATIONS.values(),
        *names.PLAIN_ABBREVIATIONS.values(),
        *names.COUNTED.values(),
        *(word.lower() for word in names.WORD_ACRONYMS),
        *(name for forms in quantities.CURRENCIES.values() for name in forms),
        *(name for forms in quantities.UNITS.values() for name in forms),
        *(" ".join(numbers.ordinal(n)) for n in (*range(100), 1000, 10**6, 10**9, 10**12)),
        *(" ".join(numbers.plural(numbers.cardinal(n))) for n in range(10, 100, 10)),
        *(" ".join(numbers.fraction(3, n)) for n in range(2, 100)),
    ]
    words = {word for phrase in written for word in phrase.split()}
    assert len(words) > 400
    assert [w for w in sorted(words) if english_lexicon().pronounce(w)[1]] == []


def test_an_exclamation_mark_is_a_factorial_in_formulas_alone(read: Callable[[str], str]) -> None:
    assert read("5! = 120") == "five factorial equals one hundred twenty."
    assert read("Well done!--always so") == "Well done! always so."


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Plan A is ready.", True),
        ("He got an A in math.", True),
        ("Grade A Beef", True),
        ('He said, "A man came."', False),
        ("Problem: A man came.", False),
        ("WHAT A shame!", False),
        ("He read A Tale.", False),
        ("It costs more, plus a fee.", False),
        ("It is a plus for me.", False),
    ],
)
def test_the_letter_a_and_the_article(text: str, named: bool) -> None:
    from text.frontend import open_frontend

    (utterance,) = open_frontend("house-ipa").analyze(text, ssml=False).utterances
    word = next(word for word in utterance.words if word.text in ("A", "a"))
    assert ("eɪ" in "".join(utterance.phonemes[word.start : word.end])) == named
