"""What Project Gutenberg puts around a text: header, licence and markers."""

from __future__ import annotations

import re

from text.books.omissions import Omissions

LONGEST_MARKED = 20_000
"""Characters of a paragraph that may be the whole header."""
LONGEST_MARKER = 1000
_START = re.compile(
    r"^[ \t]*\*{3}[ \t]*START OF (?:THE|THIS) PROJECT GUTENBERG EBOOK.{0,400}?\*{3}[^\n]*$",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_END = re.compile(
    r"^[ \t]*(?:\*{3}[ \t]*END OF (?:THE|THIS) PROJECT GUTENBERG EBOOK"
    r"|End of (?:the |this )?Project Gutenberg(?:'s|’s)? [^\n]*$)",
    re.IGNORECASE | re.MULTILINE,
)
_FIELD = re.compile(
    r"^(Title|Author|Language):[ \t]*(\S[^\n]*(?:\n[ \t]{4,}\S[^\n]*)*)", re.MULTILINE
)


def starts_text(paragraph: str) -> bool:
    """Returns whether a paragraph holds the marker in front of the text."""
    return bool(_START.search(paragraph[:LONGEST_MARKED]))


def ends_text(paragraph: str) -> bool:
    """Returns whether a paragraph begins with the marker behind the text.

    >>> ends_text("End of the Project Gutenberg EBook of A Tale"), ends_text("The end of it.")
    (True, False)
    """
    return bool(_END.match(paragraph[:LONGEST_MARKER]))


def split_frame(text: str, omissions: Omissions) -> tuple[str, dict[str, str]]:
    """Cuts Project Gutenberg's header and licence away.

    Args:
        text: with \\n line ends.
        omissions: counts what is cut away.

    Returns:
        the text between the markers; title, author, language as far as the header has them.

    >>> header = "Title: A\\n\\n*** START OF THE PROJECT GUTENBERG EBOOK A ***\\nHello.\\n"
    >>> split_frame(header + "*** END OF THE PROJECT GUTENBERG EBOOK A ***\\nLicence", Omissions())
    ('\\nHello.\\n', {'title': 'A'})
    """
    start = _START.search(text)
    if start is None:
        return text, {}
    header = text[: start.start()]
    end = _END.search(text, start.end())
    body = text[start.end() : end.start() if end else len(text)]
    omissions.leave_out("boilerplate", header + start.group())
    if end:
        omissions.leave_out("boilerplate", text[end.start() :])
    else:
        omissions.remark("frame_open", "Project Gutenberg's end marker is missing")
    fields = {name.lower(): " ".join(value.split()) for name, value in _FIELD.findall(header)}
    return body, fields
