"""Read ahead and write behind: files are decoded and encoded while the network computes."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
_DEPTH = 2  # things in flight: more would only hold memory


def ahead(items: Iterable[T]) -> Iterator[T]:
    """The same items, drawn in a thread of their own a little before they are asked for.

    An error among them is raised where its item would have come.
    """
    source, end = iter(items), object()
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        queue: deque[Future[Any]] = deque()
        try:
            while True:
                while len(queue) < _DEPTH:
                    queue.append(pool.submit(next, source, end))
                item = queue.popleft().result()
                if item is end:
                    return
                yield item
        finally:
            for waiting in queue:
                waiting.cancel()


class Behind:
    """``behind(action, ...)`` runs actions in order in their own thread; leaving waits for all.

    An error is raised by a later call, or on leaving.
    """

    def __enter__(self) -> "Behind":
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="behind")
        self._queue: deque[Future[Any]] = deque()
        return self

    def __call__(self, action: Callable[..., Any], *arguments: Any) -> None:
        """Queue an action; waits while too many are queued."""
        while len(self._queue) >= _DEPTH:
            self._queue.popleft().result()
        self._queue.append(self._pool.submit(action, *arguments))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            while self._queue and kind is None:
                self._queue.popleft().result()
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)
