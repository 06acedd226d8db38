"""Rules for URLs, e-mail addresses, handles, hashtags and file names."""

from __future__ import annotations

import re

from text.normalization.numbers import digits
from text.normalization.tokens import Rule, RuleContext, Verbalization, letters

_TOP_LEVEL = (
    r"com|org|net|edu|gov|mil|int|io|ai|co|uk|us|de|fr|eu|ch|at|it|es|nl|se|no|jp|cn|ru|br|in|ca|au|"
    r"info|biz|dev|app|me|tv|ly|gg|xyz|museum|tech|cloud|online|site|blog|news"
)
_PATH = r"(?:[/?#][^\s<>\"']*[\w/=])?"
_NAMED = {
    ".": "dot",
    "/": "slash",
    "-": "dash",
    "_": "underscore",
    "@": "at",
    ":": "colon",
    "?": "question mark",
    "=": "equals",
    "&": "and",
    "#": "hash",
    "%": "percent",
    "+": "plus",
    "~": "tilde",
    "\\": "backslash",
}
_SPELLED = frozenset(
    (
        "www",
        "http",
        "https",
        "ftp",
        "html",
        "php",
        "pdf",
        "css",
        "js",
        "jpg",
        "io",
        "uk",
        "eu",
        "gz",
    )
)
"""Parts of an address that are spelled though they could be pronounced."""


def address(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads www.example.com/a-b, foo.bar@example.com, https://x.org."""
    text = re.sub(r"^(?:https?|ftp)://", "", match[0])
    text = text if text.startswith(("/", "~", ".")) else text.removesuffix("/")
    return _parts(text, context)


def handle(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads @jane_doe, #BatchSize."""
    return [{"@": "at", "#": "hashtag"}[match["mark"]], *_parts(match["name"], context)]


def file_name(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads report.pdf, config.yaml."""
    return _parts(match[0], context)


def _parts(text: str, context: RuleContext) -> list[str]:
    words: list[str] = []
    for part in re.findall(r"\d+|[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W_]+|_|\W", text):
        if part in _NAMED:
            words += _NAMED[part].split()
        elif part.isdigit():
            words += digits(part)
        elif part.isalpha():
            words += _part(part, context)
    return words


def _part(part: str, context: RuleContext) -> list[str]:
    lowered = part.lower()
    if part.isupper() and len(part) > 2 and lowered not in _SPELLED and context.in_lexicon(lowered):
        return [lowered]
    if lowered in _SPELLED or len(part) == 1 or (part.isupper() and len(part) < 5):
        return letters(part)
    if context.in_lexicon(lowered) or re.search(r"[aeiouy]", lowered):
        return [lowered]
    return letters(part)


def extension(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads .NET, .pdf, .com by themselves."""
    return ["dot", *_part(match["name"], context)]


ADDRESS_RULES: tuple[Rule, ...] = (
    (re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+(?!\w)"), address),
    (re.compile(r"(?:(?:https?|ftp)://|www\.|WWW\.)[^\s<>\"']*[\w/]"), address),
    (re.compile(r"[A-Z0-9-]{2,63}(?:\.[A-Z0-9-]{1,63}){0,4}\.(?:COM|ORG|NET|EDU|GOV)\b"), address),
    (
        re.compile(
            rf"[A-Za-z0-9-]{{1,63}}(?:\.[A-Za-z0-9-]{{1,63}}){{0,4}}\.(?:{_TOP_LEVEL})\b(?!\.\w|-|'){_PATH}"
        ),
        address,
    ),
    (re.compile(r"(?<![^\s(\"'])\.(?P<name>[A-Za-z]{2,5})(?![\w.])"), extension),
    (
        re.compile(
            r"(?<![\w.)])(?:~|\.{1,2})?(?=/[\w./-]*[A-Za-z])(?:/[\w.-]{1,60}){2,12}/?(?!\w)"
        ),
        address,
    ),
    (re.compile(r"[A-Z]:\\[\w.\\-]{0,200}"), address),
    (re.compile(r"(?P<mark>[@#])(?P<name>[A-Za-z]\w*|(?<=#)\d+[A-Za-z]\w+)"), handle),
    (
        re.compile(
            r"[A-Za-z][\w-]{0,63}\.(?:txt|pdf|csv|json|yaml|yml|toml|html|py|js|ts|md|exe|zip|png|jpg|mp3|wav|doc|docx|xlsx)\b"
        ),
        file_name,
    ),
)
