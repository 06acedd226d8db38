"""Tables between markers, so that prose around them stays."""

from __future__ import annotations

from pathlib import Path


def replace_between(path: Path, name: str, body: str) -> None:
    """Replaces what stands between ``<!-- name -->`` and ``<!-- /name -->``.

    Raises:
        ValueError: the page lacks the markers, or has them twice.
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    page = path.read_text("utf-8")
    if page.count(start) != 1 or page.count(end) != 1 or page.index(start) > page.index(end):
        raise ValueError(f"{path} needs {start} and {end} once each, in this order")
    before, rest = page.split(start)
    path.write_text(f"{before}{start}\n{body.strip()}\n{end}{rest.split(end)[1]}", "utf-8")
