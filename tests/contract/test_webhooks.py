"""Webhooks on a real Redis, sent to real receivers: what is kept, what is sent, what is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from litestar.testing import TestClient

from api.app import create_app, open_backends
from api.settings import ApiSettings
from core.addresses import is_public, parse_address, parse_networks
from core.errors import Conflict, FieldError, NotFound
from core.record import JobError, JobRecord, JobState
from core.request import Controls, Source
from core.webhook import WebhookCallback, parse_receiver, secret_key
from jobs.ids import new_job_id
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.keys import DELIVERIES_DUE
from jobs.redis_backend.store import redis_job_store
from jobs.redis_backend.webhooks import RedisDeliveries, RedisWebhookEndpoints
from jobs.webhooks import DeliveryStatus, new_secret
from tests.tls import write_certificate
from workers.context import SystemClock
from workers.webhooks.sender import WebhookSender

DEADLINE = 60.0
LOCAL = parse_networks(["127.0.0.0/8"], "networks")
CONTROLS = Controls(voice="v", acoustic="a", vocoder="w", sample_rate=22050)
Answer = tuple[int, dict[str, str]]


@dataclass
class Receiver:
    """A web server that keeps what it gets, and answers as it is asked to."""

    url: str
    answers: list[Answer] = field(default_factory=list)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def next_answer(self, headers: dict[str, str], body: bytes) -> Answer:
        self.requests.append((headers, body))
        return self.answers.pop(0) if self.answers else (204, {})


@contextmanager
def receiving(*answers: Answer, context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    found: Receiver

    class KeepingHandler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, fields = found.next_answer(headers, body)
            self.send_response(status)
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), KeepingHandler) as server:
        scheme = "http"
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
            scheme = "https"
        found = Receiver(f"{scheme}://127.0.0.1:{server.server_port}/hook?token=hidden", [*answers])
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


class Hooks:
    """The store, the endpoints and the deliveries on one Redis."""

    def __init__(self, url: str) -> None:
        self.client: redis.Redis = open_redis(url)
        self.store = redis_job_store(self.client)
        self.endpoints = RedisWebhookEndpoints(self.client)
        self.deliveries = RedisDeliveries(self.client)

    def job(self, *, owner: str | None = None, callback: WebhookCallback | None = None) -> str:
        now = time.time()
        source = Source(text="A text that no receiver gets.")
        record = JobRecord(
            id=new_job_id(now),
            state="queued",
            request=CONTROLS,
            source=source.facts,
            created_at=now,
            owner=owner,
        )
        return self.store.records.create(record, source, callback=callback).id

    def end(self, job_id: str, state: JobState = "failed") -> None:
        error = JobError("part_failed", "x" * 50_000) if state == "failed" else None
        assert self.store.records.finish(job_id, state, time.time(), error=error)

    def ended(self, state: JobState = "failed", **options: Any) -> str:
        job_id = self.job(**options)
        self.end(job_id, state)
        return job_id

    def only(self, job_id: str) -> DeliveryStatus:
        (one,) = self.deliveries.of_job(job_id)
        return one

    @contextmanager
    def sending(self, *delays: float, seconds: float = 20.0, **options: Any) -> Iterator[None]:
        networks = options.pop("networks", LOCAL)
        sender = WebhookSender(
            self.deliveries,
            SystemClock(),
            networks=networks,
            seconds=seconds,
            delays=delays or (0.0,) * 9,
            look_seconds=0.02,
        )
        sender.start()
        try:
            yield
        finally:
            sender.stop()

    def settled(self, job_id: str) -> DeliveryStatus:
        """The delivery of a job when it is settled."""
        until(lambda: self.only(job_id).state != "pending")
        return self.only(job_id)


def until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not look():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.02)


def verified(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether one of the signatures is the secret's; written apart from the code under test."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return f"v1,{wanted}" in headers["webhook-signature"].split(" ")


@pytest.fixture
def hooks(redis_url: str) -> Hooks:
    return Hooks(redis_url)


def test_an_end_is_sent_signed_and_without_the_text(hooks: Hooks) -> None:
    with receiving() as receiver:
        endpoint, secret = hooks.endpoints.add(receiver.url, time.time())
        job_id = hooks.ended()
        assert hooks.only(job_id).state == "pending"
        with hooks.sending():
            done = hooks.settled(job_id)
    ((headers, body),) = receiver.requests
    assert (done.state, done.attempts, done.status) == ("delivered", 1, 204)
    assert verified(secret, headers, body)
    assert headers["webhook-id"] == done.delivery.id
    assert headers["host"] == receiver.url.split("/")[2]
    assert headers["content-type"] == "application/json"
    sent = json.loads(body)
    assert (sent["type"], sent["data"]["id"], sent["data"]["state"]) == (
        "job.failed",
        job_id,
        "failed",
    )
    assert len(body) < 20_000
    assert b"no receiver gets" not in body
    assert done.delivery.endpoint == endpoint.id
    assert hooks.client.zcard(DELIVERIES_DUE) == 0


def test_events_and_owners_choose_what_is_sent(hooks: Hooks) -> None:
    now, url = time.time(), "https://reader.example/"
    everything = hooks.endpoints.add(url, now)[0].id
    failures = hooks.endpoints.add(url, now + 1, events=("job.failed", "job.partial"))[0].id
    own = hooks.endpoints.add(url, now + 2, owner="someone")[0].id
    off = hooks.endpoints.add(url, now + 3)[0].id
    hooks.endpoints.disable(off, now, "by the operator")

    def receivers(job_id: str) -> list[str]:
        return sorted(str(one.delivery.endpoint) for one in hooks.deliveries.of_job(job_id))

    assert receivers(hooks.ended("failed")) == sorted([everything, failures])
    assert receivers(hooks.ended("cancelled", owner="someone")) == sorted([everything, own])
    callback = WebhookCallback(url=url, secret=new_secret(), events=("job.succeeded",))
    assert receivers(hooks.ended("partial", callback=callback)) == sorted([everything, failures])
    assert receivers(hooks.ended("succeeded", callback=callback)) == sorted([everything, "None"])


def test_a_job_that_ends_once_is_sent_once(hooks: Hooks) -> None:
    hooks.endpoints.add("https://reader.example/", time.time())
    job_id = hooks.job()
    hooks.end(job_id, "cancelled")
    assert not hooks.store.records.finish(job_id, "failed", time.time())
    assert hooks.only(job_id).delivery.event == "job.cancelled"


def test_failures_are_tried_again_under_the_same_id(hooks: Hooks) -> None:
    with receiving((500, {}), (302, {"location": "http://127.0.0.1:1/"}), (199 + 4, {})) as one:
        hooks.endpoints.add(one.url, time.time())
        with hooks.sending():
            done = hooks.settled(hooks.ended())
    assert (done.state, done.attempts, done.status) == ("delivered", 3, 203)
    assert {headers["webhook-id"] for headers, _ in one.requests} == {done.delivery.id}
    assert len({body for _, body in one.requests}) == 1


def test_after_the_last_attempt_it_is_given_up_and_can_be_replayed(hooks: Hooks) -> None:
    with receiving((503, {}), (500, {}), (500, {})) as receiver:
        hooks.endpoints.add(receiver.url, time.time())
        job_id = hooks.ended()
        with hooks.sending(0.0, 0.0):
            given_up = hooks.settled(job_id)
            assert (given_up.state, given_up.attempts, given_up.error) == (
                "failed",
                3,
                "status_500",
            )
            with pytest.raises(NotFound):
                hooks.deliveries.replay(hooks.job(), given_up.delivery.id, time.time())
            hooks.deliveries.replay(job_id, given_up.delivery.id, time.time())
            again = hooks.settled(job_id)
    assert (again.state, again.attempts) == ("delivered", 1)
    assert {headers["webhook-id"] for headers, _ in receiver.requests} == {again.delivery.id}


def test_delays_follow_the_schedule_and_retry_after(hooks: Hooks) -> None:
    with receiving((500, {}), (500, {"retry-after": "4000"})) as receiver:
        hooks.endpoints.add(receiver.url, time.time())
        first, second = hooks.ended(), hooks.ended("cancelled")
        begun = time.time()
        with hooks.sending(300.0, 1800.0):
            until(lambda: hooks.only(first).attempts + hooks.only(second).attempts == 2)
            until(lambda: all(hooks.only(one).status == 500 for one in (first, second)))
    waits = sorted((hooks.only(one).due_at or 0) - begun for one in (first, second))
    assert 300 <= waits[0] <= 300 * 1.2 + DEADLINE
    assert 4000 <= waits[1] <= 4000 + DEADLINE
    assert hooks.deliveries.paused_seconds(hooks.only(first).delivery) > 3000


def test_a_slow_down_holds_the_receiver_and_nobody_else(hooks: Hooks) -> None:
    with receiving((429, {})) as slow, receiving() as quick:
        hooks.endpoints.add(slow.url, time.time())
        job_id = hooks.ended()
        with hooks.sending(0.0):
            until(lambda: hooks.only(job_id).status == 429)
            hooks.endpoints.add(quick.url, time.time())
            other = hooks.ended("cancelled")
            until(lambda: any(one.state == "delivered" for one in hooks.deliveries.of_job(other)))
    assert len(slow.requests) == len(quick.requests) == 1
    held = [one for one in hooks.deliveries.of_job(other) if one.state == "pending"]
    assert [(one.attempts, one.delivery.url) for one in held] == [(0, slow.url)]


def test_gone_switches_an_endpoint_off(hooks: Hooks) -> None:
    with receiving((410, {})) as receiver:
        endpoint, _ = hooks.endpoints.add(receiver.url, time.time())
        job_id = hooks.ended()
        with hooks.sending():
            done = hooks.settled(job_id)
        assert (done.state, done.status) == ("gone", 410)
        off = hooks.endpoints.get(endpoint.id)
        assert off.disabled_at is not None
        assert "410" in off.disabled_reason
        assert hooks.deliveries.of_job(hooks.ended()) == ()
        with pytest.raises(Conflict):
            hooks.deliveries.replay(job_id, done.delivery.id, time.time())
        hooks.endpoints.enable(endpoint.id)
        hooks.deliveries.replay(job_id, done.delivery.id, time.time())
        with hooks.sending():
            assert hooks.settled(job_id).state == "delivered"


def test_what_is_on_its_way_to_a_removed_endpoint_is_not_sent(hooks: Hooks) -> None:
    with receiving() as receiver:
        endpoint, _ = hooks.endpoints.add(receiver.url, time.time())
        job_id = hooks.ended()
        hooks.endpoints.remove(endpoint.id)
        with hooks.sending():
            done = hooks.settled(job_id)
    assert (done.state, done.error, receiver.requests) == ("gone", "endpoint_off", [])


def test_two_secrets_sign_while_one_replaces_the_other(hooks: Hooks) -> None:
    with receiving() as receiver:
        endpoint, old = hooks.endpoints.add(receiver.url, time.time())
        new = hooks.endpoints.rotate(endpoint.id, time.time(), 3600.0)
        with hooks.sending():
            hooks.settled(hooks.ended())
            newest = hooks.endpoints.rotate(endpoint.id, time.time(), 0.0)
            hooks.settled(hooks.ended())
    (both, body), (one, last) = receiver.requests
    assert verified(old, both, body)
    assert verified(new, both, body)
    assert not verified(newest, both, body)
    assert verified(newest, one, last)
    assert len(one["webhook-signature"].split(" ")) == 1


def test_a_slow_receiver_delays_no_other(hooks: Hooks) -> None:
    held = threading.Event()
    with receiving() as slow, receiving() as quick:
        slow.next_answer = lambda headers, body: (held.wait(DEADLINE), (204, {}))[1]  # type: ignore[method-assign]
        hooks.endpoints.add(slow.url, time.time())
        for _ in range(40):
            hooks.ended()
        callback = WebhookCallback(url=quick.url, secret=new_secret())
        job_id = hooks.ended(callback=callback)
        with hooks.sending(seconds=DEADLINE):
            until(lambda: bool(quick.requests))
            held.set()
    assert any(one.delivery.url == quick.url for one in hooks.deliveries.of_job(job_id))


def test_a_receiver_that_takes_too_long_has_failed(hooks: Hooks) -> None:
    held = threading.Event()
    with receiving() as slow:
        slow.next_answer = lambda headers, body: (held.wait(DEADLINE), (204, {}))[1]  # type: ignore[method-assign]
        hooks.endpoints.add(slow.url, time.time())
        job_id = hooks.ended()
        with hooks.sending(3600.0, seconds=0.2):
            until(lambda: hooks.only(job_id).error == "timeout")
        held.set()


def test_what_a_sender_held_is_due_again(hooks: Hooks) -> None:
    hooks.endpoints.add("https://reader.example/", time.time())
    job_id, now = hooks.ended(), time.time()
    (taken,) = hooks.deliveries.take(now, 40.0, 10)
    assert taken.delivery.job == job_id
    assert hooks.deliveries.take(now + 39, 40.0, 10) == ()
    assert hooks.deliveries.take(now + 41, 40.0, 10) != ()


def test_what_is_due_and_not_there_is_forgotten(hooks: Hooks) -> None:
    hooks.client.zadd(DELIVERIES_DUE, {"msg_gone": 1.0})
    assert hooks.deliveries.take(time.time(), 40.0, 10) == ()
    assert hooks.client.zcard(DELIVERIES_DUE) == 0


def test_a_slow_down_of_one_address_holds_no_other_of_the_host(hooks: Hooks) -> None:
    with receiving((429, {"retry-after": "3600"})) as receiver:
        held = WebhookCallback(url=receiver.url, secret=new_secret())
        job_id = hooks.ended(callback=held)
        with hooks.sending(3600.0):
            until(lambda: hooks.only(job_id).status == 429)
            other = WebhookCallback(url=f"{receiver.url}&another", secret=new_secret())
            assert hooks.settled(hooks.ended(callback=other)).state == "delivered"


def test_a_delivery_outlives_its_job(hooks: Hooks) -> None:
    with receiving() as receiver:
        hooks.endpoints.add(receiver.url, time.time())
        job_id = hooks.ended()
        hooks.store.records.forget(job_id)
        assert hooks.deliveries.of_job(job_id) == ()
        with hooks.sending():
            until(lambda: len(receiver.requests) == 1)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200",
        "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16", "192.0.0.192",
        "198.18.0.1", "::1", "::", "fe80::1", "fd00:ec2::254", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
        "2002:7f00:1::", "2002:a00:1::1", "64:ff9b::7f00:1", "2001:db8::1", "2001:0:7f00:1::",
        "fec0::1",
    ],
)  # fmt: skip
def test_addresses_of_other_networks_are_not_public(address: str) -> None:
    parsed = parse_address(address)
    assert parsed is not None
    assert not is_public(parsed)


@pytest.mark.parametrize("address", ["9.9.9.9", "2620:fe::fe", "::ffff:9.9.9.9"])
def test_addresses_of_the_internet_are(address: str) -> None:
    parsed = parse_address(address)
    assert parsed is not None
    assert is_public(parsed)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "127.1"]
)
def test_what_a_name_means_is_checked_before_it_is_connected_to(hooks: Hooks, host: str) -> None:
    """Nobody is asked: names of this machine are refused wherever they come from."""
    with receiving() as receiver:
        url = receiver.url.replace("127.0.0.1", host).replace("http:", "https:")
        hooks.endpoints.add(url, time.time())
        job_id = hooks.ended()
        with hooks.sending(3600.0, networks=()):
            until(lambda: hooks.only(job_id).error is not None)
    assert hooks.only(job_id).error == "address_refused"
    assert receiver.requests == []


def test_a_name_is_looked_up_once_for_check_and_connection(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers with another address the second time leads nowhere else."""
    answers = iter(["127.0.0.1", "10.0.0.1"])
    asked: list[str] = []

    async def look_up(host: str, port: int) -> list[Any]:
        asked.append(host)
        return [parse_address(next(answers))]

    monkeypatch.setattr("workers.webhooks.receivers.look_up", look_up)
    with receiving() as receiver:
        hooks.endpoints.add(receiver.url.replace("127.0.0.1", "rebinding.example"), time.time())
        with hooks.sending():
            assert hooks.settled(hooks.ended()).state == "delivered"
    ((headers, _),) = receiver.requests
    assert headers["host"].startswith("rebinding.example:")
    assert asked == ["rebinding.example"]


def test_tls_is_verified_against_the_name(
    hooks: Hooks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate is trusted, and it is for 127.0.0.1 alone."""
    certificate, key = write_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with receiving(context=context) as receiver:
        right = WebhookCallback(url=receiver.url, secret=new_secret())
        wrong = WebhookCallback(
            url=receiver.url.replace("127.0.0.1", "localhost"), secret=new_secret()
        )
        good, bad = hooks.ended(callback=right), hooks.ended(callback=wrong)
        with hooks.sending(3600.0):
            assert hooks.settled(good).state == "delivered"
            until(lambda: hooks.only(bad).error is not None)
    assert hooks.only(bad).error == "tls"
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "ftp://reader.example/", "https://", "https:///path", "https://user:pass@reader.example/",
        "https://reader.example:port/", "https://reader.example:99999/", "reader.example",
        "https://fe80::1%25eth0/", "https://reader.example/\u00e4",
    ],
)  # fmt: skip
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(FieldError):
        parse_receiver(url)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_AAAA", "whsec_!" + "A" * 40, "A" * 44])
def test_what_is_no_secret_is_refused_and_not_quoted(secret: str) -> None:
    with pytest.raises(FieldError) as caught:
        secret_key(secret)
    assert secret not in str(caught.value)
    assert caught.value.field == "secret"


@pytest.fixture
def api(redis_url: str, tmp_path: Path, tiny_voices: Path) -> Callable[..., TestClient[Any]]:
    def open_client(**options: Any) -> TestClient[Any]:
        settings = ApiSettings(
            data=tmp_path,
            redis_url=redis_url,
            voices=(tiny_voices,),
            shipped_voices=False,
            **options,
        )
        app = create_app(settings, open_backends(settings))
        return TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1")

    return open_client


def test_a_request_names_its_receiver_where_that_is_allowed(
    hooks: Hooks, api: Callable[..., TestClient[Any]]
) -> None:
    secret = new_secret()
    with receiving() as receiver, api(callbacks=True, webhook_networks=("127.0.0.0/8",)) as http:
        body = {"text": "Hello.", "callback": {"url": receiver.url, "secret": secret}}
        job = http.post("/synthesize", json=body).json()
        assert secret not in json.dumps(job)
        assert http.delete(f"/jobs/{job['id']}").status_code == 200
        with hooks.sending():
            hooks.settled(job["id"])
        listed = http.get(f"/jobs/{job['id']}/deliveries")
        (delivery,) = listed.json()["deliveries"]
        assert (delivery["state"], delivery["type"]) == ("delivered", "job.cancelled")
        for text in (listed.text, http.get(f"/jobs/{job['id']}").text, http.get("/jobs").text):
            assert secret not in text
            assert "hidden" not in text  # of the receiver's address only whose it is
        again = http.post(f"/jobs/{job['id']}/deliveries/{delivery['id']}/replay")
        assert (again.status_code, again.json()["state"]) == (202, "pending")
        with hooks.sending():
            hooks.settled(job["id"])
        unknown = http.post(f"/jobs/{job['id']}/deliveries/msg_{'0' * 32}/replay")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "delivery_not_found")
    assert [headers["webhook-id"] for headers, _ in receiver.requests] == [delivery["id"]] * 2
    assert all(verified(secret, *one) for one in receiver.requests)


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"url": "https://10.0.0.1/"}, "callback.url", "address_refused"),
    ({"url": "https://[::ffff:127.0.0.1]/"}, "callback.url", "address_refused"),
    ({"url": "http://reader.example/"}, "callback.url", "address_refused"),
    ({"url": "https://a:b@reader.example/"}, "callback.url", "invalid_field"),
    ({"secret": "whsec_" + "A" * 34}, "callback.secret", "invalid_field"),
    ({"secret": None}, "callback.secret", "missing_field"),
    ({"events": ["job.started"]}, "callback.events[0]", "invalid_field"),
    ({"method": "PUT"}, "callback.method", "unknown_field"),
]


def test_a_receiver_that_cannot_be_reached_is_refused(api: Callable[..., TestClient[Any]]) -> None:
    with api(callbacks=True) as http:
        for callback, field_, code in REFUSED:
            whole = {"url": "https://reader.example/", "secret": new_secret()} | callback
            body = {"text": "Hello.", "callback": {k: v for k, v in whole.items() if v is not None}}
            answer = http.post("/synthesize", json=body)
            problem = answer.json()
            assert answer.status_code == 422, callback
            assert (problem["errors"][0]["field"], problem["code"]) == (field_, code)
            assert whole["secret"] is None or whole["secret"] not in answer.text


def test_callbacks_are_refused_where_the_operator_does_not_allow_them(
    api: Callable[..., TestClient[Any]],
) -> None:
    callback = {"url": "https://reader.example/", "secret": new_secret()}
    with api() as http:
        answer = http.post("/synthesize", json={"text": "Hello.", "callback": callback})
        assert (answer.status_code, answer.json()["code"]) == (422, "callbacks_off")


def test_secrets_are_not_in_what_is_shown_or_logged(
    hooks: Hooks, capfd: pytest.CaptureFixture[str]
) -> None:
    with receiving((500, {}), (410, {})) as receiver:
        endpoint, secret = hooks.endpoints.add(receiver.url, time.time())
        own = new_secret()
        callback = WebhookCallback(url=receiver.url, secret=own)
        job_id = hooks.ended(callback=callback)
        with hooks.sending(0.0):
            until(lambda: all(d.state != "pending" for d in hooks.deliveries.of_job(job_id)))
    shown = repr(endpoint) + repr(callback) + repr(hooks.deliveries.of_job(job_id))
    shown += "".join(capfd.readouterr())
    for hidden in (secret, own, "token=hidden", secret.removeprefix("whsec_")):
        assert hidden not in shown
    assert msgspec.msgpack.encode(endpoint)
