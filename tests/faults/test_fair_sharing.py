"""What clients share in the API, none can have for itself: readers, uploads, short checks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import psutil
import pytest

from api.fair_semaphore import FairSemaphore, FairThreads
from core.errors import LimitReached
from jobs.redis_backend.api_keys import RedisApiKeys
from jobs.redis_backend.client import open_redis
from tests.faults.conftest import ApiProcess, StartApi, end
from tests.faults.supervised import DEADLINE, wait_until

SENTENCE = "A sentence goes on for a while, and then it ends. "
HEAVY = (SENTENCE * 8 + "\n\n") * 2500
"""A million characters: many seconds of a processor, where it is analyzed."""


async def order_of_permits(
    semaphore: FairSemaphore, waiting: Sequence[str], held: Sequence[str]
) -> list[str]:
    """Returns the order in which waiting clients get what others hold and give back one by one."""
    order: list[str] = []
    holding = [semaphore.permit(client) for client in held]
    for permit in holding:
        await permit.__aenter__()

    async def take(client: str) -> None:
        async with semaphore.permit(client):
            order.append(client)

    tasks = []
    for client in waiting:
        tasks.append(asyncio.create_task(take(client)))
        await asyncio.sleep(0)  # one turn of the loop: it waits now
    for permit in holding:
        await permit.__aexit__(None, None, None)
    await asyncio.gather(*tasks)
    return order


def test_clients_take_turns() -> None:
    semaphore = FairSemaphore(1, 9, "busy")
    found = asyncio.run(order_of_permits(semaphore, "aaaabbc", held="a"))
    assert found == list("abcabaa")


def test_a_client_never_has_all() -> None:
    async def scenario() -> None:
        semaphore = FairSemaphore(3, 9, "busy")
        async with semaphore.permit("a"), semaphore.permit("a"):
            with pytest.raises(TimeoutError):
                async with semaphore.permit("a", 0):
                    pass
            async with semaphore.permit("b", 0):
                pass
        async with semaphore.permit("a", 0), semaphore.permit("b", 0):
            pass

    asyncio.run(scenario())


def test_a_queue_has_an_end_and_who_leaves_it_makes_room() -> None:
    async def scenario() -> None:
        semaphore = FairSemaphore(1, 2, "busy")
        async with semaphore.permit("a"):
            waiting = [asyncio.create_task(hold(semaphore, "a")) for _ in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(LimitReached) as refused:
                await hold(semaphore, "a")
            assert refused.value.code == "busy"
            waiting[0].cancel()
            await asyncio.gather(waiting[0], return_exceptions=True)
            waiting[0] = asyncio.create_task(hold(semaphore, "a"))
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)
        assert (semaphore._free, semaphore._held, semaphore._waiting) == (1, {}, {})

    asyncio.run(scenario())


def test_who_leaves_as_his_turn_comes_gives_it_back() -> None:
    async def scenario() -> None:
        semaphore = FairSemaphore(1, 2, "busy")
        async with semaphore.permit("a"):
            leaves = asyncio.create_task(hold(semaphore, "b"))
            await asyncio.sleep(0)
        leaves.cancel()  # its turn has come, and it does not know yet
        await asyncio.gather(leaves, return_exceptions=True)
        assert leaves.cancelled()
        await hold(semaphore, "c")

    asyncio.run(scenario())


def test_work_of_one_client_leaves_a_thread_for_others() -> None:
    async def scenario() -> None:
        threads, ends = FairThreads(), threading.Event()
        works = [asyncio.create_task(threads.run("a", ends.wait)) for _ in range(99)]
        await asyncio.sleep(0)
        assert await threads.run("b", lambda: "done") == "done"
        assert not any(work.done() for work in works)
        ends.set()
        assert all(await asyncio.gather(*works))

    asyncio.run(scenario())


async def hold(semaphore: FairSemaphore, client: str) -> None:
    async with semaphore.permit(client):
        pass


@contextmanager
def client_of(
    api: ApiProcess, address: str = "127.0.0.1", token: str = ""
) -> Iterator[httpx.Client]:
    """A client at an address of its own: all of 127/8 is this machine."""
    headers = {"X-API-Key": token} if token else {}
    transport = httpx.HTTPTransport(local_address=address)
    with httpx.Client(
        base_url=api.url, transport=transport, timeout=DEADLINE, headers=headers
    ) as one:
        yield one


def analyze(client: httpx.Client, text: str) -> httpx.Response:
    return client.post("/audiobooks/analyze", files={"file": ("book.txt", text.encode())})


def readers(api: ApiProcess) -> list[psutil.Process]:
    """The processes that read for an API; other services of this run have theirs."""
    found: list[psutil.Process] = psutil.Process(api.process.pid).children()
    return found


@pytest.mark.parametrize("by", ["key", "address"])
def test_one_client_cannot_keep_all_readers_busy(
    start_api: StartApi, redis_url: str, by: str
) -> None:
    """One reader stands still with a book of the first client, who has four more in the queue."""
    addresses, tokens, variables = ["127.0.0.1", "127.0.0.2"], ["", ""], {}
    if by == "key":
        redis = open_redis(redis_url)
        tokens = [RedisApiKeys(redis).add(name, 1.0)[1] for name in ("first", "second")]
        redis.close()
        addresses, variables = ["127.0.0.1"] * 2, {"RHAPSODE_REQUIRE_KEYS": "true"}
    api = start_api(RHAPSODE_READ_SECONDS="20", **variables)
    with (
        client_of(api, addresses[0], tokens[0]) as first,
        client_of(api, addresses[1], tokens[1]) as second,
        ThreadPoolExecutor() as threads,
    ):
        books = [threads.submit(analyze, first, HEAVY) for _ in range(5)]
        try:
            wait_until(lambda: bool(readers(api)))
            (stopped,) = readers(api)
            stopped.suspend()
            answer = analyze(second, SENTENCE)
            assert (answer.status_code, len(answer.json()["chapters"])) == (200, 1)
            assert not any(book.done() for book in books)
        finally:
            end(api)
