"""The HTTP server of a worker: its metrics, and probes of whether it lives and is ready."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer

from prometheus_client import REGISTRY
from prometheus_client.exposition import MetricsHandler

Probe = Callable[[], bool]


class Probes:
    """``/metrics``, ``/livez`` and ``/readyz`` on a port of their own.

    Args:
        port: 0 = a free one.
        alive: whether the process should go on; False and Kubernetes restarts it.
        ready: whether it takes work.
        host: address to listen on.

    Attributes:
        port: where it listens.
    """

    def __init__(self, port: int, *, alive: Probe, ready: Probe, host: str = "") -> None:
        probes = {"/livez": alive, "/readyz": ready}

        class Handler(MetricsHandler):
            registry = REGISTRY

            def do_GET(self) -> None:  # noqa: N802 - the name http.server calls
                probe = probes.get(self.path)
                if probe is None:
                    super().do_GET()
                    return
                yes = probe()
                self.send_response(200 if yes else 503)
                self.end_headers()
                self.wfile.write(b"yes\n" if yes else b"no\n")

            def log_message(self, format: str, *args: object) -> None:
                """Logs nothing: nobody reads who asked."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="probes", daemon=True
        )

    def start(self) -> None:
        """Starts to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stops to answer, and returns when the last answer is given."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
