"""Project Gutenberg's frame around a text: its header, licence and markers are no part of it."""

from __future__ import annotations

import re

from text.books.omissions import Omissions

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


def without_frame(text: str, omissions: Omissions) -> tuple[str, dict[str, str]]:
    """The text between the markers, and what the header tells.

    Args:
        text: with \\n line ends.
        omissions: learns of what is cut away.

    Returns:
        the text; title, author, language (lower-case keys) as far as the header has them.

    >>> told = "Title: A\\n\\n*** START OF THE PROJECT GUTENBERG EBOOK A ***\\nHello.\\n"
    >>> without_frame(told + "*** END OF THE PROJECT GUTENBERG EBOOK A ***\\nLicence", Omissions())
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
