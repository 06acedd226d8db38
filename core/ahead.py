"""Results of a function for many items, some of them computed ahead in other threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def computed_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], *, threads: int
) -> Iterator[tuple[Item, Result]]:
    """Yields each item with its result, in order; what the function raises is raised there.

    Args:
        function: called for one item after the other, in any of the threads.
        items: taken in the caller's thread, one more than there are threads before the first
            result is waited for.
        threads: of the calls; 0 = the caller's, when it asks.

    >>> list(computed_ahead(abs, [-1, 2], threads=1))
    [(-1, 1), (2, 2)]
    """
    if not threads:
        for item in items:
            yield item, function(item)
        return
    with ThreadPoolExecutor(threads) as pool:
        begun = deque[tuple[Item, Future[Result]]]()
        try:
            for item in items:
                begun.append((item, pool.submit(function, item)))
                if len(begun) > threads:
                    first, result = begun.popleft()
                    yield first, result.result()
            while begun:
                first, result = begun.popleft()
                yield first, result.result()
        finally:
            pool.shutdown(cancel_futures=True)
