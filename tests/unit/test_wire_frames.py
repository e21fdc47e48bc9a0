"""The tail of a stream of frames, however it is cut."""

from __future__ import annotations

import random

import pytest

from hotswap.wire.frames import FrameTail
from tests.handover.support import frame

MESSAGES = [
    frame(b"short"),
    frame(b"x" * 125),
    frame(b"y" * 126),
    frame(b"z" * 70_000, 2),
    frame(b"", 9),
    frame(b"one", final=False)
    + frame(b"ping", 9)
    + frame(b"two", 0, final=False)
    + frame(b"three", 0),
    frame(b"", 1),
    frame(b"packed", packed=True),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_whole_message_leaves_nothing(message: bytes) -> None:
    tail = FrameTail()
    tail.feed(message)
    assert tail.pending == b""


@pytest.mark.parametrize("message", [message for message in MESSAGES if len(message) < 300])
def test_cut_anywhere_the_tail_is_the_begun_message(message: bytes) -> None:
    for cut in range(1, len(message)):
        tail = FrameTail()
        tail.feed(MESSAGES[0] + message[:cut])
        assert tail.pending == message[:cut]
        tail.feed(message[cut:] + MESSAGES[2][:3])
        assert tail.pending == MESSAGES[2][:3]


def test_random_cuts_of_a_long_stream() -> None:
    chance = random.Random(4)
    starts, stream = [], bytearray()
    for _ in range(300):
        starts.append(len(stream))
        stream += chance.choice(MESSAGES[:3] + MESSAGES[4:])
    tail = FrameTail()
    position = 0
    while position < len(stream):
        step = chance.randint(1, 60)
        tail.feed(bytes(stream[position : position + step]))
        position = min(position + step, len(stream))
        begun = max(start for start in (*starts, len(stream)) if start <= position)
        assert tail.pending == stream[begun:position]


def test_whole_messages_are_kept_until_they_are_taken() -> None:
    for cut in range(1, 100):
        tail = FrameTail(keep=True)
        whole = MESSAGES[7] + MESSAGES[0] + MESSAGES[4] + MESSAGES[5]
        tail.feed(whole[:cut])
        tail.feed(whole[cut:] + MESSAGES[1][:4])
        assert tail.complete is not None
        assert list(tail.complete) == [
            (True, MESSAGES[7]),
            (False, MESSAGES[0]),
            (False, MESSAGES[5]),
        ]
        assert tail.pending == MESSAGES[1][:4]
