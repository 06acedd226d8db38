"""The clients that docs/api.md shows do what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.stack import Stack

PAGE = (Path(__file__).resolve().parents[2] / "docs/api.md").read_text("utf-8")
PROGRAMS = {"python": [sys.executable, "-c"], "js": ["node", "--input-type=module", "-e"]}


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_client_of_the_page_works(service: Stack, language: str) -> None:
    command = PROGRAMS[language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]}")
    heading = {"python": "Python", "js": "JavaScript"}[language]
    code = re.search(rf"## A client in {heading}\n\n```{language}\n(.*?)```", PAGE, re.S)
    assert code is not None
    environment = {**os.environ, "RHAPSODE_URL": service.url, "RHAPSODE_KEY": ""}
    done = subprocess.run(
        [*command, code[1]], capture_output=True, text=True, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"succeeded \d+ bytes, [\d.]+ seconds\n", done.stdout)
