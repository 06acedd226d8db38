"""References between the files of a book: URLs, resolved to paths."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote


def resolve_url(base: str, href: str) -> tuple[str, str]:
    """Resolves a reference in a file to a path from the container's root and a fragment.

    Args:
        base: path of the file that holds the reference.
        href: URL as written; empty, or with a scheme, it leads to no file of the container.

    >>> resolve_url("OPS/nav/toc.xhtml", "../Text/One%20a.xhtml#c1")
    ('OPS/Text/One a.xhtml', 'c1')
    >>> resolve_url("OPS/one.xhtml", "#n"), resolve_url("OPS/one.xhtml", "/OPS/two.xhtml")
    (('OPS/one.xhtml', 'n'), ('OPS/two.xhtml', ''))
    >>> resolve_url("one.xhtml", "https://example.org/a")
    ('', '')
    """
    reference, _, fragment = href.strip().partition("#")
    path = unquote(reference.partition("?")[0]).replace("\\", "/")
    if ":" in path.partition("/")[0]:
        return "", unquote(fragment)
    if not path:
        return base, unquote(fragment)
    joined = posixpath.normpath(posixpath.join("/", posixpath.dirname(base), path))
    return joined.lstrip("/"), unquote(fragment)
