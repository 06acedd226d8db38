"""Scripts name their keys and arguments in their own text, and are called by these names."""

from __future__ import annotations

import re

import pytest

from jobs.redis_backend.keys import PREFIX, names_of_job
from jobs.redis_backend.scripts import FOLDER, script_names, script_text

SCRIPTS = sorted(
    str(path.relative_to(FOLDER).with_suffix(""))
    for path in FOLDER.rglob("*.lua")
    if path.name != "transition.lua"
)


@pytest.mark.parametrize("name", SCRIPTS)
def test_names_are_unique_and_explained_or_plain(name: str) -> None:
    for names in script_names(name):
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[a-z_]+", one) for one in names)


@pytest.mark.parametrize("name", SCRIPTS)
def test_positions_follow_one_another(name: str) -> None:
    """``unpack(KEYS, 7)`` after six names; an end, where one is given, is that of the names."""
    ends = {"KEYS": 0, "ARGV": 0}
    lists = r"^local ([\w,\s]+?)\s*=\s*unpack\((KEYS|ARGV)(?:, (\d+))?(?:, (\d+))?\)"
    for names, table, start, end in re.findall(lists, script_text(name), re.MULTILINE):
        count = len(names.split(","))
        assert int(start or 1) == ends[table] + 1
        ends[table] += count
        assert not end or int(end) == ends[table]
    for rest in re.findall(r"(?:i = |unpack\(ARGV, )(\d+)(?:, #ARGV|\))", script_text(name)):
        assert int(rest) in (ends["ARGV"] + 1, 5), "what follows the named arguments"


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_spells_a_key(name: str) -> None:
    assert PREFIX not in script_text(name)


def test_keys_of_two_jobs_differ_and_those_of_the_service_do_not() -> None:
    one, other = names_of_job("1"), names_of_job("2")
    differ = {name for name in one if one[name] != other[name]}
    assert {"job", "id", "events", "leases"} <= differ
    assert {"jobs", "active", "backlog", "index_failed"} <= set(one) - differ
    assert len(set(one.values())) == len(one)


def test_a_list_that_begins_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "local a = unpack(KEYS)\nlocal b = unpack(KEYS, 3)\n"
    monkeypatch.setattr("jobs.redis_backend.scripts.script_text", lambda name: text)
    with pytest.raises(ValueError, match="does not begin at 2"):
        script_names("wrong")
