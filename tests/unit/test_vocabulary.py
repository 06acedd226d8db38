"""The code's words: no name says how something was uttered, and no class name has two meanings."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = [
    "acoustic",
    "api",
    "audio",
    "benchmarks",
    "capacity",
    "cli",
    "core",
    "exports",
    "jobs",
    "k8s",
    "recognition",
    "synthesis",
    "telemetry",
    "tests",
    "text",
    "training",
    "vocoders",
    "workers",
]
PRIVATE_WORDS = {"said", "told", "heard", "spoken"}
"""Words that stood for predictions, reports and results, each of which has a name of its own."""
WIRE_NAMES = {
    "training/data/sources.py": {"spoken"},  # a field of the corpus' metadata.jsonl
    "tests/synthetic_corpus.py": {"spoken"},  # the same
    "text/analysis.py": {"spoken"},  # a field of POST /analyze: the words as they are read out
    "cli/analyze.py": {"spoken"},  # the same
    "tests/unit/test_text_analysis.py": {"spoken"},  # the same
}
"""Names that a file format has and this code does not choose."""
SAME_CLASS_NAMES: dict[str, str] = {}
"""Class names that two modules may share, and why."""


@cache
def modules() -> dict[str, ast.Module]:
    """Path below the root → syntax tree of every module."""
    paths = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in paths}


def identifiers(tree: ast.Module) -> Iterator[str]:
    """Yields the names of variables, attributes, parameters, functions, classes and modules."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name
            case ast.keyword(arg=str(name)) | ast.alias(asname=str(name)):
                yield name


def test_no_identifier_has_a_private_word() -> None:
    found = {
        f"{path}: {name}"
        for path, tree in modules().items()
        for name in identifiers(tree)
        if PRIVATE_WORDS & set(name.lower().strip("_").split("_"))
        and name not in WIRE_NAMES.get(path, ())
    }
    assert not found, "\n".join(sorted(found))


def test_no_class_name_has_two_meanings() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(path)
    twice = {name: paths for name, paths in places.items() if len(paths) > 1}
    assert not twice.keys() - SAME_CLASS_NAMES, twice
    assert not SAME_CLASS_NAMES.keys() - twice, "an exception that nothing needs"
