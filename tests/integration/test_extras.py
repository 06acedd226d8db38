"""What the commands do where optional parts of the installation are missing."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from cli.extras import EXTRAS

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_EXTRAS = """
import sys

# None in sys.modules: importlib takes the module for missing.
sys.modules.update(dict.fromkeys(sys.argv.pop(1).split(",")))
from cli.main import main

for command in sys.argv.pop(1).split(";"):
    try:
        main(command.split())
    except SystemExit as exit:
        print("EXIT", exit.code, command)
"""


def run_without(modules: list[str], *commands: str, home: Path) -> tuple[list[str], str]:
    """Runs commands in one process that cannot import the modules.

    Returns:
        For each command its exit code and itself, and all that went to stderr.
    """
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS, ",".join(modules), ";".join(commands)],
        cwd=ROOT,
        env={"PATH": "", "HOME": str(home), "RHAPSODE_DATA": str(home), "COLUMNS": "100"},
        capture_output=True,
        text=True,
    )
    exits = [line for line in done.stdout.splitlines() if line.startswith("EXIT")]
    return exits, done.stderr


def test_every_help_works_without_any_extra(tmp_path: Path) -> None:
    commands = [
        *("--help", "say --help", "up --help", "submit --help", "book --help", "demo --help"),
        *("voices --help", "keys --help", "export --help", "import --help", "bench --help"),
        *(
            "train --help",
            "train fastspeech2 --help",
            "bench quality --help",
            "bench speed --help",
            "bench load --help",
        ),
        "bench monitoring --help",
    ]
    exits, errors = run_without(list(EXTRAS), *commands, home=tmp_path)
    assert exits == [f"EXIT 0 {command}" for command in commands], errors


@pytest.mark.parametrize("command", ["say Hi. -o x.wav", "demo Hi.", "up", "export"])
def test_without_a_runtime_one_line_names_both_extras(tmp_path: Path, command: str) -> None:
    exits, errors = run_without(["onnxruntime"], command, home=tmp_path)
    assert exits == [f"EXIT 3 {command}"]
    assert errors.strip() == (
        "error: onnxruntime is not installed: "
        "pip install -c constraints.txt '.[cpu]' or '.[gpu]' [missing_extra]"
    )


def test_every_package_of_an_extra_is_known() -> None:
    """Modules of all requirements that are installed, but for those of tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    modules: dict[str, set[str]] = {}
    for module, distributions in packages_distributions().items():
        for distribution in distributions:
            modules.setdefault(distribution.lower().replace("_", "-"), set()).add(module)
    for extra in ("cpu", "train", "bench"):
        for requirement in project["optional-dependencies"][extra]:
            name = requirement.split(">")[0].split("<")[0]
            if name not in modules or name in ("setuptools", "requests"):
                continue  # not installed here, or needed by another package of the extra only
            found = {module for module in modules.get(name, ()) if module in EXTRAS}
            assert any(extra in EXTRAS[module] for module in found), name
