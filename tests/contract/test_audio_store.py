"""One contract for every audio store."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import NotFound
from core.protocols import AudioStore
from jobs.audio_store import FolderStore


@pytest.fixture
def store(tmp_path: Path) -> AudioStore:
    return FolderStore(tmp_path / "audio")


def test_what_is_put_is_there(store: AudioStore) -> None:
    store.put("jobs/0a/audio.wav", b"0123456789")
    assert store.exists("jobs/0a/audio.wav")
    assert store.get("jobs/0a/audio.wav") == b"0123456789"
    assert store.size("jobs/0a/audio.wav") == 10
    assert store.read("jobs/0a/audio.wav", 2, 5) == b"234"
    store.put("jobs/0a/audio.wav", b"again")
    assert store.get("jobs/0a/audio.wav") == b"again"


def test_what_is_not_there_is_not_found(store: AudioStore) -> None:
    assert not store.exists("jobs/0a")
    assert store.delete("jobs/0a") == 0
    for look in (store.get, store.size, lambda key: store.read(key, 0, 1)):
        with pytest.raises(NotFound):
            look("jobs/0a/audio.wav")


def test_a_file_that_was_not_finished_is_not_there(store: AudioStore, tmp_path: Path) -> None:
    def half() -> None:
        with store.writing("a/b") as path:
            path.write_bytes(b"half")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        half()
    assert not store.exists("a/b")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_prefix_is_deleted_with_all_below(store: AudioStore) -> None:
    for key in ("a/x", "a/p/1", "a/p/2", "b/x"):
        store.put(key, b"")
    assert store.delete("a/p") == 2
    assert store.delete("a") == 1
    assert store.exists("b/x")


@pytest.mark.parametrize(
    "key", ["../x", "/etc/passwd", "a/../../x", "a//b", ".hidden", "a/.b", "", "a\x00", "A", "a/"]
)
def test_no_key_leaves_the_folder(store: AudioStore, key: str) -> None:
    with pytest.raises(NotFound):
        store.get(key)
    with pytest.raises(NotFound):
        store.put(key, b"")
