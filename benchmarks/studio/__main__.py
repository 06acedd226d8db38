"""``python -m benchmarks.studio``: bytes and times of every page; or the docs' pictures."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median

from api.studio.rendering import PAGES
from benchmarks.load.service import open_service, open_tiny_service
from benchmarks.studio.browser import PageLoad, find_chromium, load_page, open_chromium
from benchmarks.studio.pictures import take_pictures

MOST_BYTES = 300_000
"""A page with all that it loads stays below."""
MOST_SECONDS = 1.0
"""The median until DOMContentLoaded stays below [s]."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, or takes the pictures.

    Returns:
        Exit status: 0, 1 when a page is too heavy or too slow, 2 without a browser.
    """
    options = _parser().parse_args(arguments)
    program = find_chromium()
    if program is None:
        print("no chromium on PATH", file=sys.stderr)
        return 2
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if options.url or options.pictures:
            service = stack.enter_context(open_service(options.url, folder, 1))
        else:  # a page weighs the same whoever speaks
            service = stack.enter_context(open_tiny_service(folder, 1))
        browser = stack.enter_context(open_chromium(program))
        if options.pictures:
            for path in take_pictures(browser, service.url, options.pictures):
                print(f"{path} {path.stat().st_size} bytes")
            return 0
        pages = [path for path, _ in PAGES.values()]
        loads = {
            path: [load_page(browser, service.url, path) for _ in range(options.rounds)]
            for path in pages
        }
    print(_table(loads))
    if options.json:
        rows = [asdict(load) for some in loads.values() for load in some]
        options.json.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    return 0 if all(_is_light(some) for some in loads.values()) else 1


def _is_light(loads: Sequence[PageLoad]) -> bool:
    return (
        max(load.received_bytes for load in loads) <= MOST_BYTES
        and median(load.dom_seconds for load in loads) <= MOST_SECONDS
    )


def _table(loads: dict[str, list[PageLoad]]) -> str:
    rows = [
        "| page | bytes | DOMContentLoaded [s], median | load [s], median |",
        "|---|---|---|---|",
    ]
    for path, some in loads.items():
        dom, load = (median(values) for values in zip(*map(_times, some), strict=True))
        most = max(one.received_bytes for one in some)
        rows.append(f"| `{path}` | {most} | {dom:.3f} | {load:.3f} |")
    return "\n".join(rows)


def _times(load: PageLoad) -> tuple[float, float]:
    return load.dom_seconds, load.load_seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studio", description=__doc__)
    parser.add_argument("--url", help="of a running service; else one is started")
    parser.add_argument("--rounds", type=int, default=5, help="how often each page is opened")
    parser.add_argument("--json", type=Path, help="write all that was measured")
    parser.add_argument("--pictures", type=Path, help="take the documentation's pictures, there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
