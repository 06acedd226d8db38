"""What a stranger does first, by the real commands: what is wrong is refused at once, by name."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
import tomli_w

from core.record import TERMINAL
from exports.tiny_voice import write_tiny_voice
from jobs.redis_backend.server import free_port
from tests.conftest import tiny_environment

ROOT = Path(__file__).resolve().parents[2]
RHAPSODE = [sys.executable, "-m", "cli.main"]
DEADLINE = 300.0
"""Seconds; never reached when all is well."""


@pytest.fixture
def environment(tiny_voices: Path, tiny_artifacts: Path, tmp_path: Path) -> dict[str, str]:
    """Variables of a user with a home of his own."""
    environment = tiny_environment(tiny_voices, tiny_artifacts)
    for name in ("REDIS_URL", "RHAPSODE_DATA"):
        environment.pop(name, None)
    return environment | {"PYTHONPATH": str(ROOT), "XDG_DATA_HOME": str(tmp_path / "share")}


def run(
    *words: str, environment: dict[str, str], cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RHAPSODE, *words],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )


def test_a_redis_that_is_not_there_is_named(
    environment: dict[str, str], closed_port: int, tmp_path: Path
) -> None:
    environment["REDIS_URL"] = f"redis://127.0.0.1:{closed_port}/0"
    done = run("up", "--port", "0", environment=environment)
    assert done.returncode == 3
    assert f"no Redis at 127.0.0.1:{closed_port}" in done.stderr
    assert not list((tmp_path / "share/rhapsode/logs").iterdir())  # nothing was started


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.1"], ids=["held", "of-no-interface"])
def test_an_address_that_cannot_be_listened_on_is_named(
    environment: dict[str, str], closed_port: int, host: str
) -> None:
    environment |= {"RHAPSODE_HOST": host, "RHAPSODE_PORT": str(closed_port)}
    done = run("up", environment=environment)
    assert done.returncode == 2
    assert f"cannot listen on {host}:{closed_port}" in done.stderr


def test_commands_share_one_folder_wherever_they_are_started(
    environment: dict[str, str], tmp_path: Path
) -> None:
    del environment["RHAPSODE_ARTIFACTS"]
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    done = run("export", "tiny-hifigan", "--runtime", "onnx", environment=environment, cwd=here)
    assert str(tmp_path / "share/rhapsode/artifacts") in done.stdout
    (made,) = (tmp_path / "share/rhapsode/artifacts/tiny-hifigan").iterdir()
    at = (made / "manifest.json").stat().st_mtime_ns
    done = run("export", "tiny-hifigan", "--runtime", "onnx", environment=environment, cwd=there)
    assert done.returncode == 0, done.stderr
    assert (made / "manifest.json").stat().st_mtime_ns == at  # found, not made again
    say = ("say", "Hi.", "-o", "hi.wav", "--data", "own")
    done = run(*say, environment=environment, cwd=there)
    assert done.returncode == 0, done.stderr
    assert not list(here.iterdir())
    assert sorted(path.name for path in there.iterdir()) == ["hi.wav", "own"]
    assert (there / "own/artifacts/tiny-hifigan").is_dir()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["say", "Hi.", "-o", "x.wav", "--voice", "nobody"], "unknown voice 'nobody'"),
        (["say", "Hi.", "-o", "no/such/x.wav"], "no folder no/such"),
        (["demo", "Hi.", "--voice", "nobody"], "unknown voice 'nobody'"),
        (["demo", "Hi.", "-o", "no/such/x.wav"], "no folder no/such"),
        (["book", "book.txt", "-o", "x.m4b", "--voice", "nobody"], "unknown voice 'nobody'"),
        (["submit", "--text", "Hi.", "-o", "no/such/x.wav"], "no folder no/such"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_refused_before_anything_is_loaded(
    environment: dict[str, str], tmp_path: Path, words: list[str], reason: str
) -> None:
    script = (
        "import sys\n"
        "from cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print('LOADED', sorted({'onnxruntime', 'torch'} & set(sys.modules)))\n"
    )
    (tmp_path / "book.txt").write_text("A book.", "utf-8")
    command = [sys.executable, "-c", script, *words]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert reason in done.stderr
    assert done.stdout == "LOADED []\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book.txt"]


def test_a_script_that_names_a_file_learns_how_to_speak_its_text(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("A note.", "utf-8")
    done = run("say", "notes.txt", "-o", "x.wav", environment=environment, cwd=tmp_path)
    assert done.returncode == 2
    assert "`- < notes.txt` in its place" in done.stderr
    assert not (tmp_path / "x.wav").exists()


@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_person_who_names_a_file_is_asked(
    environment: dict[str, str], tmp_path: Path, answer: str
) -> None:
    (tmp_path / "notes.txt").write_text("One, two, three, four, five, six, seven.", "utf-8")
    controller, terminal = pty.openpty()
    command = [*RHAPSODE, "say", "notes.txt", "-o", "x.wav", "--json"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdin=terminal,
        stderr=terminal,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(terminal)
        asked = b""
        while b"Speak its text?" not in asked:
            asked += os.read(controller, 1000)
        os.write(controller, f"{answer}\n".encode())
        out, _ = process.communicate(timeout=DEADLINE)
    os.close(controller)
    assert process.returncode == 0
    report = json.loads(out)
    seven_words = report["audio_seconds"] > 1.5
    assert seven_words == (answer == "y")


@pytest.fixture
def shipped_names(tmp_path: Path) -> Path:
    """The tiny voice under the names of the shipped ones, as README writes them."""
    folder = write_tiny_voice(tmp_path / "named")
    for name, tiny in (("clara", "tiny"), ("edmund", "tiny-high")):
        card = tomllib.loads((folder / tiny / "voice.toml").read_text("utf-8"))
        shutil.rmtree(folder / tiny)
        (folder / name).mkdir()
        (folder / name / "voice.toml").write_text(tomli_w.dumps(card | {"name": name}), "utf-8")
    return folder


@pytest.fixture
def starting(
    environment: dict[str, str], shipped_names: Path, tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``rhapsode up`` that has its port, and no API yet."""
    address = f"127.0.0.1:{free_port()}"
    environment |= {
        "RHAPSODE_VOICES": str(shipped_names),
        "RHAPSODE_HOST": "127.0.0.1",
        "RHAPSODE_PORT": address.rpartition(":")[2],
    }
    process = subprocess.Popen(
        [*RHAPSODE, "up"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert any("waiting for" in line for line in process.stderr)
        yield process, address
    finally:
        process.kill()
        process.communicate()


def readme_lines() -> list[str]:
    """Returns README's commands with curl, each in one line."""
    text = (ROOT / "README.md").read_text("utf-8").replace("\\\n", " ")
    return re.findall(r"^curl .*", text, re.M)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_readme_works_as_printed_while_the_service_starts(
    starting: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    process, address = starting
    synthesize, fetch, speech = (line.replace("localhost:8080", address) for line in readme_lines())

    def sh(line: str) -> str:
        words = ["bash", "-c", line]
        return subprocess.run(
            words, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=DEADLINE
        ).stdout

    job = json.loads(sh(synthesize))
    while job["state"] not in TERMINAL:  # where the start takes longer than it waits
        job = json.loads(sh(f"curl -s {address}/jobs/{job['id']} -H 'Prefer: wait=30'"))
    assert job["state"] == "succeeded"
    assert job["request"]["voice"] == "clara"
    sh(fetch.replace("JOB", job["id"]))
    assert soundfile.info(tmp_path / "hello.flac").frames == job["report"]["samples"]
    sh(speech)
    assert soundfile.info(tmp_path / "hello.mp3").duration > 1

    assert process.stdout is not None
    assert process.stdout.readline().startswith(f"ready: http://{address} ")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=DEADLINE)
    assert process.returncode == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(address.rpartition(":")[2])))
