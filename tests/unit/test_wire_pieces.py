"""Which pieces of a message a handler is given again when it begins at the top."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from hotswap.wire.pieces import LIMIT, Pieces

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Talk:
    """Gives a handler its input, and is cancelled when there is none left: the handler waits there."""

    def __init__(self, given: list[bytes]) -> None:
        self.given = list(given)
        self.pieces: Pieces[bytes] = Pieces()

    def read(self) -> Awaitable[bytes]:
        self.pieces.ask()
        return self._read()

    async def _read(self) -> bytes:
        if not self.given:
            await asyncio.Event().wait()
        data = self.given.pop(0)
        self.pieces.took(data)
        return data

    def say(self) -> None:
        self.pieces.answered()


async def packets(talk: Talk) -> None:
    while True:
        await talk.read()
        await talk.read()


async def answered(talk: Talk) -> None:
    while True:
        await talk.read()
        talk.say()
        await talk.read()


async def lines(talk: Talk) -> None:
    while await talk.read():
        pass


async def fields(talk: Talk) -> None:
    while True:
        await talk.read()
        while await talk.read() != b"-":
            pass
        await talk.read()


async def named(talk: Talk) -> None:
    await talk.read()
    while await talk.read():
        pass


async def one_piece(talk: Talk) -> bytes:
    return await talk.read()


async def by_a_function(talk: Talk) -> None:
    while True:
        await one_piece(talk)
        await one_piece(talk)


async def by_other_tasks(talk: Talk) -> None:
    while True:
        await asyncio.create_task(one_piece(talk))
        await talk.read()


@pytest.mark.parametrize(
    ("handler", "given", "again"),
    [
        (packets, "a", "a"),
        (packets, "ab", ""),
        (packets, "abc", "c"),
        (answered, "a", ""),
        (lines, "a", ""),
        (lines, "abc", ""),
        (fields, "abc", "abc"),
        (fields, "ab-", "ab-"),
        (fields, "ab-c", ""),
        (fields, "ab-cde", "de"),
        (named, "a", "a"),
        (named, "abcd", "a"),
        (by_a_function, "abc", "c"),
        (by_other_tasks, "abc", ""),
    ],
)
def test_what_is_given_again(
    handler: Callable[[Talk], Awaitable[None]], given: str, again: str
) -> None:
    talk = Talk([one.encode() for one in given])

    async def serve() -> None:
        task = asyncio.ensure_future(handler(talk))
        talk.pieces.task = task  # type: ignore[assignment]
        while talk.given:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(serve())
    assert b"".join(talk.pieces.unanswered) == again.encode()


def test_a_long_message_is_not_remembered() -> None:
    talk = Talk([b"a", b"b" * LIMIT])

    async def serve() -> None:
        talk.pieces.task = asyncio.current_task()
        await talk.read()
        await talk.read()

    asyncio.run(serve())
    assert talk.pieces.unanswered == []
