"""Every line of a process says whose it is, and none quotes an exception."""

from __future__ import annotations

import json
import subprocess
import sys

SCRIPT = """
import logging, threading
import structlog
from telemetry.logs import configure_logs

configure_logs("planner")

def work():
    structlog.get_logger("a").info("of_structlog", size=1)
    try:
        raise ValueError("secret")
    except ValueError as error:
        logging.getLogger("b").exception("of_logging")
        structlog.get_logger("c").exception("caught")
        structlog.get_logger("d").error("given", exc_info=error)

thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


def test_lines_of_any_thread_and_library() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert "secret" not in done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["of_structlog", "of_logging", "caught", "given"]
    assert {line["process"] for line in lines} == {"planner"}
    assert {line["level"] for line in lines} == {"info", "error"}
    for line in lines[1:]:
        assert line["error"] == "ValueError"
        assert line["at"]
