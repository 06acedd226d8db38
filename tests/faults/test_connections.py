"""A client that holds connections, or does nothing on them, keeps nobody out."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx

from api.uploads import MOST_WAITING, SMALL_BYTES
from tests.faults.conftest import ApiProcess, StartApi
from tests.faults.supervised import DEADLINE, wait_until

HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
FORM = b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n"


@contextmanager
def connection(api: ApiProcess, address: str = "127.0.0.1") -> Iterator[socket.socket]:
    """A connection from an address of its own."""
    here, there = (address, 0), ("127.0.0.1", api.port)
    with socket.create_connection(there, DEADLINE, source_address=here) as opened:
        yield opened


def answer(opened: socket.socket) -> bytes:
    """All that comes until the other end closes the connection."""
    received = b""
    try:
        while block := opened.recv(2**16):
            received += block
    except ConnectionResetError:
        pass
    return received


def receive(opened: socket.socket, words: bytes) -> None:
    """Returns when these words have come; an answer may come in pieces."""
    received = b""
    while words not in received:
        block = opened.recv(2**16)
        assert block, received
        received += block


def test_the_connections_of_one_address_leave_room_for_others(start_api: StartApi) -> None:
    api = start_api(RHAPSODE_CONNECTIONS="16")
    with ExitStack() as held:
        for _ in range(14):  # seven eighths
            opened = held.enter_context(connection(api))
            opened.sendall(HEAD + b"\r\n")
            assert opened.recv(2**16).startswith(b"HTTP/1.1 200")
            opened.sendall(HEAD)  # and the next request does not end
        refused = answer(held.enter_context(connection(api)))
        assert refused.startswith(b"HTTP/1.1 503")
        assert b"Retry-After: " in refused
        other = httpx.HTTPTransport(local_address="127.0.0.2")
        with httpx.Client(base_url=api.url, transport=other, timeout=DEADLINE) as client:
            assert client.get("/healthz").status_code == 200
    wait_until(lambda: httpx.get(f"{api.url}/healthz", trust_env=False).status_code == 200)


def test_a_head_that_does_not_arrive_is_given_up_but_no_slow_answer(start_api: StartApi) -> None:
    api = start_api(RHAPSODE_HEAD_SECONDS="0.2", RHAPSODE_UPLOAD_SECONDS="1")
    for begin in (b"", b"GET", HEAD, HEAD + b"\r\n" + HEAD):
        with connection(api) as opened:
            opened.sendall(begin)
            assert answer(opened).count(b"HTTP/1.1 200") == begin.count(b"\r\n\r\n")
    with connection(api) as opened:
        opened.sendall(b"POST /audiobooks/chapters HTTP/1.1\r\nHost: localhost\r\n" + FORM)
        receive(opened, b"upload_timeout")


def test_an_answer_that_nobody_reads_is_given_up(start_api: StartApi) -> None:
    api = start_api(RHAPSODE_SEND_SECONDS="0.05")
    page = len(httpx.get(f"{api.url}/schema/openapi.json", trust_env=False).content)
    asked = 2**25 // page
    with connection(api) as opened:
        request = HEAD.replace(b"/healthz", b"/schema/openapi.json") + b"\r\n"
        for _ in range(asked):  # more than the sockets of both ends hold
            try:
                opened.sendall(request)
            except ConnectionError:
                break
        received = answer(opened)
        assert len(received) < asked * page


def test_large_bodies_of_one_client_leave_room_for_others(start_api: StartApi) -> None:
    """Of two at once a client has one; 64 more wait, and the last one is refused."""
    api = start_api(RHAPSODE_UPLOADS="2", RHAPSODE_READ_SECONDS="600")
    begin = b"POST /audiobooks/chapters HTTP/1.1\r\nHost: localhost\r\n" + FORM
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    with ExitStack() as held:
        uploads = [held.enter_context(connection(api)) for _ in range(1 + MOST_WAITING + 1)]
        for opened in uploads:
            opened.sendall(begin + part + b"a" * 2 * SMALL_BYTES)
        (refused, *_), _, _ = select.select(uploads, [], [], DEADLINE)
        receive(refused, b"too_many_uploads")
        other = httpx.HTTPTransport(local_address="127.0.0.2")
        with httpx.Client(base_url=api.url, transport=other, timeout=DEADLINE) as client:
            found = client.post(
                "/audiobooks/chapters", files={"file": ("a.txt", b"One sentence. " * 20_000)}
            )
        assert found.status_code == 200, found.text
