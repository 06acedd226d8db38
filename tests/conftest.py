"""Fixtures of every tier."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.stack import Stack
from core.settings import SHIPPED_VOICES
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.server import EmbeddedRedis

# Before torch is imported: the networks of tests are small, so threads would cost more than they
# save, and two cores are shared with the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Commands of tests write nothing into the data folder of whoever runs them.
_own_data = tempfile.TemporaryDirectory(prefix="rhapsode-tests-")
os.environ["XDG_DATA_HOME"] = _own_data.name
os.environ.pop("RHAPSODE_DATA", None)

# A shell lets what it starts in the background ignore Ctrl-C, and so would every process of a test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Reference figures and training speech beside the checkout; a user's clone has none."""
    if not SHARED.is_dir():
        pytest.skip("the folder of reference figures is not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    """A real redis-server of this test run."""
    with EmbeddedRedis(tmp_path_factory.mktemp("redis"), durable=False) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: EmbeddedRedis) -> str:
    """An empty database."""
    client = open_redis(redis_server.url)
    client.flushall()
    client.close()
    return redis_server.url


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A TCP port nobody listens on."""
    with socket.socket() as held:  # bound but not listening: refuses, and nobody else gets it
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


@pytest.fixture(scope="session")
def tiny_voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny voice, which says known tones."""
    from exports.tiny_voice import write_tiny_voice

    return write_tiny_voice(tmp_path_factory.mktemp("voices"))


def tiny_environment(voices: Path, artifacts: Path) -> dict[str, str]:
    """Variables of processes that know the tiny voice alone, and notice deaths soon.

    Not too soon: a worker that gets no processor for three beats would be taken for dead.
    """
    return {
        **os.environ,
        "RHAPSODE_VOICES": str(voices),
        "RHAPSODE_SHIPPED_VOICES": "false",
        "RHAPSODE_ARTIFACTS": str(artifacts),
        "RHAPSODE_BEAT_SECONDS": "2",
        "RHAPSODE_THREADS": "1",
    }


@pytest.fixture(scope="session")
def shipped_recognizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of voices in which nothing is but the recognizer that ships."""
    folder = tmp_path_factory.mktemp("recognizer")
    (folder / "components").mkdir()
    name = "recognizer-small"
    (folder / "components" / name).symlink_to(SHIPPED_VOICES / "components" / name)
    return folder


@pytest.fixture(scope="session")
def tiny_artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exported networks of the tiny voice, shared by all processes of the run."""
    return tmp_path_factory.mktemp("artifacts")


@pytest.fixture(scope="session")
def service(
    tiny_voices: Path,
    shipped_recognizer: Path,
    tiny_artifacts: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """What `rhapsode up` starts, with the tiny voice; for tests that kill nothing."""
    data = tmp_path_factory.mktemp("service")
    callbacks = {"RHAPSODE_CALLBACKS": "true", "RHAPSODE_WEBHOOK_NETWORKS": "127.0.0.0/8"}
    environment = tiny_environment(tiny_voices, tiny_artifacts) | callbacks
    voices = (tiny_voices, shipped_recognizer)
    with Stack(data, environment=environment, voices=voices) as stack:
        yield stack
