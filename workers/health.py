"""What a worker answers to whom watches it: its metrics, whether it lives, whether it is ready."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer

from prometheus_client import REGISTRY
from prometheus_client.exposition import MetricsHandler

Question = Callable[[], bool]


class Probes:
    """``/metrics``, ``/livez`` and ``/readyz`` on a port of their own.

    Args:
        port: 0 = a free one.
        alive: whether the process should go on; False and Kubernetes restarts it.
        ready: whether it does its work.
        host: address to listen on.

    Attributes:
        port: where it listens.
    """

    def __init__(self, port: int, *, alive: Question, ready: Question, host: str = "") -> None:
        answers = {"/livez": alive, "/readyz": ready}

        class Handler(MetricsHandler):
            registry = REGISTRY

            def do_GET(self) -> None:  # noqa: N802 - the name http.server calls
                question = answers.get(self.path)
                if question is None:
                    super().do_GET()
                    return
                yes = question()
                self.send_response(200 if yes else 503)
                self.end_headers()
                self.wfile.write(b"yes\n" if yes else b"no\n")

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads who asked."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="probes", daemon=True
        )

    def start(self) -> None:
        """Answers from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Returns when nobody is answered any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
