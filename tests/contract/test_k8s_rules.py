"""Rules and the sample configuration, as Prometheus' own tool reads them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from k8s.generate import MONITORING

PROMTOOL = shutil.which("promtool")
pytestmark = pytest.mark.skipif(PROMTOOL is None, reason="no promtool (apt install prometheus)")


@pytest.mark.parametrize(
    "words", [("test", "rules", "rules/tests.yaml"), ("check", "config", "prometheus.yml")]
)
def test_promtool_agrees(words: tuple[str, ...]) -> None:
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, *words], cwd=MONITORING, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
