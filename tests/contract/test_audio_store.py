"""One contract for every audio store: a folder, and S3 over HTTP."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.errors import FieldError, NotFound, Unavailable
from core.protocols import AudioStore
from jobs.storage.bucket import CHUNK_BYTES, BucketStore
from jobs.storage.folder import FolderStore
from jobs.storage.open import StorageSettings, open_audio_store
from tests.s3 import BUCKET, CREDENTIALS, s3_server

KEY = "jobs/0a/audio.wav"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AudioStore]:
    if request.param == "folder":
        yield FolderStore(tmp_path / "audio")
        return
    request.getfixturevalue("credentials")
    endpoint = request.getfixturevalue("s3")
    place = f"s3://{BUCKET}/some/where"
    settings = StorageSettings(storage=place, s3_endpoint=endpoint, s3_allow_http=True)
    store = open_audio_store(settings)
    assert isinstance(store, BucketStore)
    yield store
    for prefix in ("jobs", "a", "b"):
        store.delete(prefix)


@pytest.fixture
def bucket(s3: str, credentials: None) -> BucketStore:
    return BucketStore(BUCKET, endpoint=s3, allow_http=True)


def test_what_is_put_is_there(store: AudioStore) -> None:
    store.put(KEY, b"0123456789")
    assert store.exists(KEY)
    assert store.get(KEY) == b"0123456789"
    assert store.size(KEY) == 10
    store.put(KEY, b"again")
    assert store.get(KEY) == b"again"


def test_a_range_is_what_there_is_of_it(store: AudioStore) -> None:
    store.put(KEY, b"0123456789")
    ranges = {(2, 5): b"234", (0, 10): b"0123456789", (8, 99): b"89", (3, 3): b"", (10, 12): b""}
    assert {wanted: store.read(KEY, *wanted) for wanted in ranges} == ranges


def test_what_is_not_there_is_not_found(store: AudioStore) -> None:
    assert not store.exists("jobs/0a")
    assert store.delete("jobs/0a") == 0
    for look in (store.get, store.size, lambda key: store.read(key, 0, 1)):
        with pytest.raises(NotFound):
            look(KEY)


def test_a_file_is_there_once_it_is_finished(store: AudioStore) -> None:
    with store.writing(KEY) as path:
        path.write_bytes(b"whole")
        assert path.suffix in ("", ".wav") or path.name.startswith(".new-")
        assert not store.exists(KEY)
    assert store.get(KEY) == b"whole"
    assert not path.exists()


def test_a_disk_that_fills_up_while_a_file_is_written_is_waited_for(store: AudioStore) -> None:
    def half() -> None:
        with store.writing(KEY) as path:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with pytest.raises(Unavailable) as caught:
        half()
    assert caught.value.code == "disk"
    assert not store.exists(KEY)


def test_a_file_that_was_not_finished_is_not_there(
    store: AudioStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def half() -> None:
        with store.writing("a/b") as path:
            path.write_bytes(b"half")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        half()
    assert not store.exists("a/b")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_large_file_arrives_whole(store: AudioStore) -> None:
    block = bytes(range(256)) * 4096
    count = 2 * CHUNK_BYTES // len(block) + 1
    with store.writing(KEY) as path, path.open("wb") as file:
        for _ in range(count):
            file.write(block)
        file.write(b"end")
    assert store.size(KEY) == count * len(block) + 3
    assert store.read(KEY, count * len(block) - 2, count * len(block) + 3) == block[-2:] + b"end"


def test_a_prefix_is_deleted_with_all_below(store: AudioStore) -> None:
    for key in ("a/x", "a/p/1", "a/p/2", "a/pq", "b/x"):
        store.put(key, b"")
    assert store.delete("a/p") == 2
    assert store.exists("a/pq")
    assert store.delete("a/x") == 1
    assert store.delete("a") == 1
    assert store.exists("b/x")


@pytest.mark.parametrize(
    "key",
    ["../x", "/etc/passwd", "a/../../x", "a//b", ".hidden", "a/.b", "", "a\x00", "A", "a/", "a\n"],
)
def test_no_key_leaves_its_place(store: AudioStore, key: str) -> None:
    looks = (store.get, store.size, store.exists, store.delete, lambda key: store.link(key, 1))
    for look in (*looks, lambda key: store.put(key, b"")):
        with pytest.raises(NotFound):
            look(key)


def test_a_folder_has_no_links(tmp_path: Path) -> None:
    assert FolderStore(tmp_path).link(KEY, 60) is None


def test_a_link_is_fetched_by_anybody(bucket: BucketStore) -> None:
    bucket.put(KEY, b"0123456789")
    link = bucket.link(KEY, 60)
    assert link
    with httpx.Client(trust_env=False) as client:
        whole = client.get(link)
        some = client.get(link, headers={"Range": "bytes=2-4"})
        none = client.get(bucket.link("jobs/0a/none.wav", 60) or "")
    assert (whole.status_code, whole.content) == (200, b"0123456789")
    assert whole.headers["content-type"] == "audio/wav"
    assert whole.headers["content-disposition"] == 'inline; filename="0a.wav"'
    assert (some.status_code, some.content) == (206, b"234")
    assert some.headers["content-range"] == "bytes 2-4/10"
    assert none.status_code == 404


def test_links_name_the_address_that_clients_know(s3: str, credentials: None) -> None:
    public = "https://audio.example.org"
    link = BucketStore(BUCKET, endpoint=s3, public_endpoint=public, allow_http=True).link(KEY, 60)
    assert link is not None
    assert link.startswith(f"{public}/{BUCKET}/{KEY}?")
    assert "X-Amz-Expires=60&" in link


def test_many_objects_are_deleted_in_bulk(bucket: BucketStore) -> None:
    for number in range(1100):  # more than one request takes
        bucket.put(f"a/{number}", b"")
    assert bucket.delete("a") == 1100
    assert bucket.delete("a") == 0


def test_a_bucket_that_is_not_there_takes_nothing(s3: str, credentials: None) -> None:
    store = BucketStore("no-such-bucket", endpoint=s3, allow_http=True)
    with pytest.raises(Unavailable) as caught:
        store.put(KEY, b"")
    assert caught.value.code == "storage"
    with pytest.raises(Unavailable):
        store.delete("jobs")


def test_a_store_that_is_away_is_unavailable(
    closed_port: int, credentials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.storage.bucket.RETRIES", {"max_retries": 0})
    store = BucketStore(BUCKET, endpoint=f"http://127.0.0.1:{closed_port}", allow_http=True)
    for ask in (store.get, store.size, store.exists, store.delete, lambda k: store.put(k, b"")):
        with pytest.raises(Unavailable) as caught:
            ask(KEY)
        assert caught.value.code == "storage"
        assert str(closed_port) not in caught.value.message


def test_an_address_is_checked(tmp_path: Path) -> None:
    assert isinstance(open_audio_store(StorageSettings(data=tmp_path)), FolderStore)
    for wrong in ("/some/folder", "s3://", "s3://B", "gs://bucket", "s3://bucket?x"):
        with pytest.raises(FieldError) as caught:
            open_audio_store(StorageSettings(storage=wrong))
        assert caught.value.field == "RHAPSODE_STORAGE"
