"""What is done to a child between fork and exec."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial

import pytest

from core.child_process import AUTOGROUP, lower_session_priority

SHOW = (
    "import os, pathlib; print(os.nice(0)); print(pathlib.Path('/proc/self/autogroup').read_text())"
)


LEAST_URGENT = 19
"""The highest niceness; what would exceed it becomes it. Source: setpriority(2)."""


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="no autogroups here")
def test_a_child_that_stands_back_does_so_in_its_session_and_beside_others() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        start_new_session=True,
        preexec_fn=partial(lower_session_priority, 5),
        capture_output=True,
        text=True,
        check=True,
    )
    own, group = done.stdout.split(maxsplit=1)
    assert int(own) == min(os.nice(0) + 5, LEAST_URGENT)
    assert group.split()[-2:] == ["nice", "5"]
