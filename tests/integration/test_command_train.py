"""``rhapsode train`` without the extra ``train``: help for all, one line where it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cli.train import train

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_EXTRA = """
import sys
for name in ("tensorboard", "pyworld", "matplotlib"):
    sys.modules[name] = None
from cli.main import main
for arguments in {!r}:
    try:
        main(["train", *arguments])
    except SystemExit as end:
        print("exit code", end.code)
"""


def without_extra(*commands: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs ``rhapsode train`` with each list of arguments, the extra's packages missing."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRA.format(list(commands))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_every_help_works_without_the_extra() -> None:
    names = train.list_commands(None)  # type: ignore[arg-type]
    assert {"prepare", "publish", "hifigan", "aligner"} <= set(names)
    ended = without_extra(["--help"], *([name, "--help"] for name in names))
    assert ended.stdout.count("exit code 0") == len(names) + 1, ended.stdout + ended.stderr


def test_what_needs_the_extra_names_it_in_one_line(synthetic_corpus: Path, tmp_path: Path) -> None:
    ended = without_extra(
        ["waveglow", "--corpus", str(synthetic_corpus), "--out", str(tmp_path), "--device", "cpu"],
        ["prepare", str(tmp_path)],
    )
    lines = ended.stderr.splitlines()
    assert len(lines) == 2, ended.stderr
    assert all("'.[train]'" in line for line in lines)
