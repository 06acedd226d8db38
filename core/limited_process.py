"""A process of its own for work on what strangers send: with limits, and it can be ended.

The parent (``LimitedProcess``) and the child (``serve``) exchange frames over the child's standard
streams: of a request a header and a block of bytes, of a response a header and two. Its input is a
Unix socket, by which an upload is handed over as an open file: the parent never reads it. A child
reads requests until its input ends, which it does when the parent dies.
"""

from __future__ import annotations

import math
import os
import resource
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, Literal

from core.child_process import lower_session_priority

CHECK_SECONDS: Final = 1.0
"""How often the caller is asked whether to go on [s]."""
WALL_FACTOR: Final = 4
"""A process that neither computes nor answers is ended after so many times its seconds."""
NICE: Final = 10
"""What is read here goes behind everybody's sentences: a tenth of a core where it is short, see
sched(7)."""
BLOCK: Final = 2**20
"""Bytes moved at once."""
_HEADER: Final = struct.Struct("<dQQ")
"""Of a request: its seconds, bytes of its block, whether a file comes with it (1 or 0). Of a
response: whether the process ends after it (1.0 or 0.0), bytes of the first block and of the
second."""
_STATM: Final = Path("/proc/self/statm")

EndReason = Literal["time", "memory", "died"]
Response = tuple[bytes, bytes]
"""The two blocks of an answer."""


class ProcessEnded(Exception):
    """Raised where a process ended without an answer.

    Args:
        reason: which limit it met, or that it died otherwise.
        message: one sentence.
    """

    def __init__(self, reason: EndReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class LimitedProcess:
    """A child that answers one request after the other, at low priority. One thread at a time.

    Args:
        module: what ``python -m`` runs; it calls ``serve``.
        memory_bytes: what it may take beyond what it has at its start.
    """

    def __init__(self, module: str, *, memory_bytes: int) -> None:
        self._memory = memory_bytes
        # Threads of a BLAS would each take some megabytes of the limit, and a core from others.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._in, child_end = socket.socketpair()
        with child_end:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, str(memory_bytes)],
                stdin=child_end.fileno(),
                stdout=subprocess.PIPE,
                env=environment,
                start_new_session=True,
                bufsize=0,
            )
        self._out = _pipe(self._process.stdout)
        self._in.setblocking(False)
        os.set_blocking(self._out, False)

    @property
    def runs(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Ends it; a thread that asks it gets ProcessEnded."""
        self._process.kill()

    def end(self) -> None:
        """Ends it, whatever it does; returns when it has ended. To be called while nobody asks."""
        self.kill()
        self._process.wait()
        self._in.close()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def ask(
        self,
        request: bytes,
        file: int | None = None,
        *,
        seconds: float,
        renew: Callable[[], None] = lambda: None,
    ) -> Response:
        """Returns the answer to a request.

        A process that met a limit, or whose caller gave up, has ended.

        Args:
            request: its block.
            file: descriptor of the file that comes with it, which is read from its beginning.
            seconds: of processor time; four times as many by the clock [s].
            renew: called about every second; what it raises ends the process and is passed on.

        Raises:
            ProcessEnded: there is none.
        """
        try:
            header, first = self._exchange(request, file, seconds, renew)
        except BaseException:
            self.end()
            raise
        ends, size, _ = _HEADER.unpack(header)
        if ends:
            self.end()
        if not size:
            raise ProcessEnded("memory", f"more than {_mebibytes(self._memory)} MiB of memory")
        return first[:size], first[size:]

    def _exchange(
        self, request: bytes, file: int | None, seconds: float, renew: Callable[[], None]
    ) -> tuple[bytes, bytes]:
        header = _HEADER.pack(seconds, len(request), file is not None)
        with suppress(ConnectionError):  # the end of its output tells why
            socket.send_fds(self._in, [header], [] if file is None else [file])
        unsent, received = memoryview(request), bytearray()
        now = time.monotonic()
        deadline, check = now + WALL_FACTOR * seconds, now + CHECK_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._in, selectors.EVENT_WRITE)
            selector.register(self._out, selectors.EVENT_READ)
            while len(received) < _HEADER.size or len(received) < _length(received):
                ready = {key.fd for key, _ in selector.select(CHECK_SECONDS)}
                if self._in.fileno() in ready:
                    unsent = unsent[self._send(unsent) :]
                    if not unsent:
                        selector.unregister(self._in)
                if self._out in ready:
                    block = os.read(self._out, BLOCK)
                    if not block:
                        raise self._ended(seconds)
                    received += block
                now = time.monotonic()
                if now >= check:
                    renew()
                    check = now + CHECK_SECONDS
                if now >= deadline:
                    raise ProcessEnded("time", f"more than {WALL_FACTOR * seconds:g} seconds")
        return bytes(received[: _HEADER.size]), bytes(received[_HEADER.size :])

    def _send(self, unsent: memoryview) -> int:
        """Sends some of it; returns how many bytes need not be sent any more."""
        try:
            return self._in.send(unsent[:BLOCK]) if unsent else 0
        except ConnectionError:  # the end of its output tells why
            return len(unsent)

    def _ended(self, seconds: float) -> ProcessEnded:
        code = self._process.wait()
        if code == -signal.SIGXCPU:
            return ProcessEnded("time", f"more than {seconds:g} seconds of processor time")
        return ProcessEnded("died", f"its process ended with {code}")


def serve(answer: Callable[[bytes, bytes], Response]) -> None:
    """Answers requests until there are no more; to be called by the module of a child.

    It ends early where a request has met the limit of memory, or left half of it taken.

    Args:
        answer: gets the block of a request and the bytes of its file, and returns the two blocks
            of its response, of which the first is not empty.
    """
    lower_session_priority(NICE)
    source = socket.socket(fileno=sys.stdin.fileno())
    requests, sink = source.makefile("rb"), os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever else is printed is no answer
    begin, more, ends = _data_bytes(), int(sys.argv[1]), False
    if begin:
        _limit(resource.RLIMIT_DATA, begin + more)
    while not ends:
        # A file arrives with the first byte of the header, which was sent alone.
        header, files, _, _ = socket.recv_fds(source, _HEADER.size, 1)
        if len(header) < _HEADER.size:
            break
        seconds, size, _ = _HEADER.unpack(header)
        used = resource.getrusage(resource.RUSAGE_SELF)
        # At the limit the system ends the process (SIGXCPU).
        _limit(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime + seconds))
        try:
            first, second = answer(requests.read(size), _content(files))
        except MemoryError:
            first, second = b"", b""
        ends = not first or _data_bytes() > begin + more // 2
        sink.write(_HEADER.pack(float(ends), len(first), len(second)))
        sink.write(first)
        sink.write(second)
        sink.flush()


def _content(files: list[int]) -> bytes:
    """Returns the bytes of the file that came with a request, and closes it."""
    content = b""
    for descriptor in files:
        with os.fdopen(descriptor, "rb") as file:
            file.seek(0)
            content = file.read()
    return content


def _data_bytes() -> int:
    """Returns what RLIMIT_DATA counts; 0 where the system does not tell (only Linux does)."""
    if not _STATM.exists():
        return 0
    return int(_STATM.read_text("ascii").split()[5]) * resource.getpagesize()


def _limit(which: int, most: int) -> None:
    _, hard = resource.getrlimit(which)
    resource.setrlimit(which, (most, hard))


def _length(received: bytearray) -> int:
    _, first, second = _HEADER.unpack_from(received)
    return int(_HEADER.size + first + second)


def _pipe(stream: IO[bytes] | None) -> int:
    assert stream is not None
    return stream.fileno()


def _mebibytes(size: int) -> int:
    return size // 2**20
