"""The command that asks for the same without a browser."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from core.record import JobRecord
from core.request import Controls, Source

SHOWN_CHARACTERS = 1000
"""Longer texts are named, not shown."""


def request_body(record: JobRecord, source: Source) -> dict[str, Any]:
    """Returns the body of ``POST /synthesize`` that asks for a job again: its text and whatever
    differs from the defaults."""
    given, usual = (msgspec.to_builtins(c) for c in (record.request, Controls()))
    named = {name: value for name, value in given.items() if value != usual[name]}
    for name in ("sample_rate", "stream"):  # as resolved: the format's own; of one listener
        named.pop(name, None)
    return {"ssml" if source.markup else "text": source.text} | named


def curl_commands(record: JobRecord, source: Source, url: str, *, with_key: bool) -> str:
    """Returns two commands for a shell: the one that submits, the one that fetches the audio.

    Args:
        record: of the job.
        source: of the job.
        url: of the service.
        with_key: whether it wants a key, which the commands take from ``$RHAPSODE_KEY``.
    """
    key = ' -H "Authorization: Bearer $RHAPSODE_KEY"' if with_key else ""
    url = url.rstrip("/")
    body = request_body(record, source)
    if source.book is not None:
        for name in ("text", "ssml"):
            body.pop(name, None)
        form = quoted(f"request={json.dumps(body, ensure_ascii=False)}")
        submit = f"curl -s {url}/audiobooks{key} \\\n  -F file=@BOOK -F {form}"
    elif len(source.text) > SHOWN_CHARACTERS:
        submit = f"curl -s {url}/synthesize{key} \\\n  --json @request.json"
    else:
        data = quoted(json.dumps(body, ensure_ascii=False))
        submit = f"curl -s {url}/synthesize{key} -H 'Prefer: wait=60' \\\n  --json {data}"
    suffix = "zip" if record.request.package == "chapters" else record.request.format
    fetch = f"curl -s {url}/jobs/{record.id}/audio{key} -o speech.{suffix}"
    return f"{submit}\n{fetch}"


def quoted(text: str) -> str:
    """Returns a text as one word of a shell.

    >>> print(quoted("it's"))
    'it'"'"'s'
    """
    return "'" + text.replace("'", "'\"'\"'") + "'"
