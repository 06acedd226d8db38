"""Lua scripts out of their files: Redis runs each alone, so every transition is compare-and-set.

A script names its keys and arguments in its first lines, in plain Lua:

    local leases, attempts = unpack(KEYS)
    local work, worker = unpack(ARGV)

``LuaScript`` reads the names there and calls the script with values by name, so that no two lists
of positions have to agree. What follows the named arguments is passed as ``rest``.

The scripts of ``lua/transitions`` move a job. ``lua/transition.lua`` is put before each of them:
Redis has no modules, and its functions keep the events and the backlog within the same step. Its
own names come first, and theirs go on at the next position.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import redis

from jobs.redis_backend.client import translated

FOLDER: Final = Path(__file__).resolve().parent / "lua"
_NAMES: Final = re.compile(
    r"^local (?P<names>[\w,\s]+?)\s*=\s*"
    r"unpack\((?P<table>KEYS|ARGV)(?:, (?P<start>\d+)(?:, \d+)?)?\)",
    re.MULTILINE,
)

Value = str | bytes | int | float


@cache
def script_text(name: str) -> str:
    """Returns what Redis is to run.

    Args:
        name: path of the file in ``lua``, without its ending.
    """
    text = (FOLDER / f"{name}.lua").read_text("utf-8")
    if name.startswith("transitions/"):
        text = f"{(FOLDER / 'transition.lua').read_text('utf-8')}\n{text}"
    return text


@cache
def script_names(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns the names of a script's keys and of its arguments, in the order of their positions.

    Raises:
        ValueError: a list of names does not begin where the one before it ended.
    """
    found: dict[str, list[str]] = {"KEYS": [], "ARGV": []}
    for line in _NAMES.finditer(script_text(name)):
        names = found[line["table"]]
        if int(line["start"] or 1) != len(names) + 1:
            raise ValueError(f"{name}.lua: {line[0]!r} does not begin at {len(names) + 1}")
        names += [one.strip() for one in line["names"].split(",")]
    return tuple(found["KEYS"]), tuple(found["ARGV"])


class LuaScript:
    """A script, called with its keys and arguments by name.

    Args:
        client: the connection.
        name: see ``script_text``.
    """

    def __init__(self, client: redis.Redis, name: str) -> None:
        self._keys, self._args = script_names(name)
        self._script: Any = client.register_script(script_text(name))  # untyped in redis

    def __call__(
        self, names: Mapping[str, str], rest: Sequence[Value] = (), **values: Value
    ) -> Any:
        """Runs the script and returns its answer.

        Args:
            names: keys and constant arguments by name, usually ``names_of_job``.
            rest: arguments after the named ones.
            values: further keys and arguments by name; they win over ``names``.

        Raises:
            Unavailable: Redis does not answer, or refuses.
        """
        known: dict[str, Value] = {**names, **values}
        keys, args = [known[name] for name in self._keys], [known[name] for name in self._args]
        with translated():
            return self._script(keys, [*args, *rest])
