"""docs/api.md names every field, default, event, element and error that the code has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec

from api.transcript_views import Manifest, Timings
from api.views import JobView
from core.record import JobEventName
from core.report import SynthesisReport
from core.request import SynthesisRequest
from text.ssml.parser import ATTRIBUTES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/api.md").read_text("utf-8")
INTERNAL = {"asset_not_found", "invalid_api_key", "model_not_found"}
"""Codes of the studio and of OpenAI's routes."""


def section(heading: str) -> str:
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.S | re.M)
    assert found, heading
    return found[1]


def first_cells(text: str) -> list[str]:
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| ")]
    return [name for cell in rows for name in re.findall(r"`<?([\w-]+)>?`", cell)]


def test_every_field_of_a_request_has_its_default() -> None:
    text = section("A request")
    fields = {one.name: one for one in msgspec.structs.fields(SynthesisRequest)}
    assert sorted(first_cells(text)) == sorted(fields)
    for row in re.findall(r"^\| `(\w+)` \| [^|]* \| ([^|]*) \|", text, re.M):
        name, cell = row
        default = fields[name].default
        if isinstance(default, str | int | float) and not isinstance(default, bool):
            assert (
                cell.strip("` ") == f"{default:g}" if isinstance(default, float) else str(default)
            ), name
    pauses = msgspec.to_builtins(SynthesisRequest().pauses)
    assert msgspec.json.encode(pauses).decode().replace(":", ": ").replace(",", ", ") in text


def test_every_field_of_a_job_and_every_event_is_named() -> None:
    text = section("A job")
    assert [name for name in JobView.__struct_fields__ if f"`{name}`" not in text] == []
    assert set(get_args(JobEventName)) <= set(first_cells(text))


def test_what_a_job_returns_is_shown_as_it_is() -> None:
    shown = dict(re.findall(r"```json (\w+)\n(.*?)```", section("What a job returns"), re.S))
    kinds: dict[str, type[msgspec.Struct]] = {
        "report": SynthesisReport,
        "timings": Timings,
        "manifest": Manifest,
    }
    assert shown.keys() == kinds.keys()
    for name, kind in kinds.items():
        decoded = msgspec.json.decode(shown[name], type=kind)
        fields = msgspec.structs.fields(kind)
        names = set(msgspec.json.decode(shown[name]))
        assert {one.name for one in fields if one.required} <= names, name
        assert names <= {one.name for one in fields}, name
        assert decoded


def test_every_element_is_named() -> None:
    assert {*first_cells(section("SSML"))} | {"speak"} == set(ATTRIBUTES)


def test_every_code_that_the_api_answers_with_is_listed() -> None:
    listed = set(re.findall(r"`([a-z_]+)`", section("Errors")))
    raised = set[str]()
    for path in (ROOT / "api").rglob("*.py"):
        raised |= set(re.findall(r'\bcode="([a-z_]+)"', path.read_text("utf-8")))
        raised |= set(re.findall(r'^    code = "([a-z_]+)"', path.read_text("utf-8"), re.M))
    assert raised - listed - INTERNAL - {"stream_broken"} == set()
