"""What belongs to one process image and is made anew in the next, so that the object that holds it stays whole.

A lock comes back unlocked: who held it is gone. An event comes back as it was. A counter goes on.
"""

from __future__ import annotations

import asyncio
import collections
import copyreg
import itertools
import queue
import threading
from typing import Any

RUNNING = frozenset({"Task", "Future", "TimerHandle", "Handle", "Thread", "Timer"})
"""Types of what runs, or waits to run, in one image: an attribute that held such a thing is None in the next."""

RESOURCES = (
    asyncio.AbstractEventLoop,
    asyncio.BaseTransport,
    asyncio.Future,
    asyncio.Handle,
    threading.Thread,
)
"""What pickle might take apart, and must not: half an event loop is none."""


def work_of(thing: Any) -> str:
    """Say what a task or thread does, by the function it runs; empty of what does nothing by itself."""
    if isinstance(thing, asyncio.Task):
        return getattr(thing.get_coro(), "__qualname__", "")
    function = getattr(thing, "_target", None)  # threading.Thread
    return getattr(function, "__qualname__", "") or (
        thing.name if isinstance(thing, threading.Thread) else ""
    )


def event(cls: Any, on: bool) -> Any:
    """Make an event, set or not."""
    made = cls()
    if on:
        made.set()
    return made


def filled(cls: Any, size: int, waiting: list[Any]) -> Any:
    """Make a queue in which `waiting` waits."""
    made = cls(size)
    for each in waiting:
        made.put_nowait(each)
    return made


def on_from(text: str) -> Any:
    """Make the counter that is written ``count(5)`` or ``count(5, 2)``; its pickling ends with Python 3.14."""
    from ast import literal_eval

    numbers = literal_eval(text.removeprefix("count"))
    return itertools.count(*(numbers if isinstance(numbers, tuple) else (numbers,)))


def _event(thing: Any) -> tuple[Any, tuple[Any, ...]]:
    return event, (type(thing), thing.is_set())


def _semaphore(thing: Any) -> tuple[Any, tuple[Any, ...]]:
    """Nobody holds it any more; one without a bound does not tell how many could."""
    return type(thing), (getattr(thing, "_bound_value", None) or max(thing._value, 1),)


def _anew(thing: Any) -> tuple[Any, tuple[Any, ...]]:
    return type(thing), ()


def _lock(_: Any) -> tuple[Any, tuple[Any, ...]]:
    return threading.Lock, ()


def _rlock(_: Any) -> tuple[Any, tuple[Any, ...]]:
    return threading.RLock, ()


def _asyncio_queue(thing: Any) -> tuple[Any, tuple[Any, ...]]:
    return filled, (type(thing), thing.maxsize, list(thing._queue))


def _queue(thing: Any) -> tuple[Any, tuple[Any, ...]]:
    return filled, (type(thing), thing.maxsize, list(thing.queue))


def _count(thing: Any) -> tuple[Any, tuple[Any, ...]]:
    return on_from, (repr(thing),)


table: collections.ChainMap[type, Any] = collections.ChainMap(
    {
        type(threading.Lock()): _lock,
        type(threading.RLock()): _rlock,
        threading.Event: _event,
        asyncio.Lock: _anew,
        asyncio.Condition: _anew,
        asyncio.Event: _event,
        asyncio.Semaphore: _semaphore,
        asyncio.BoundedSemaphore: _semaphore,
        asyncio.Queue: _asyncio_queue,
        asyncio.LifoQueue: _asyncio_queue,
        asyncio.PriorityQueue: _asyncio_queue,
        queue.Queue: _queue,
        queue.LifoQueue: _queue,
        queue.PriorityQueue: _queue,
        itertools.count: _count,
    },
    copyreg.dispatch_table,
)
"""By type: how a pickler reduces it (``Pickler.dispatch_table``); what the program has registered comes after."""
