"""What is said of files that pages were sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hotswap.web import client, deliveries
from hotswap.web.deliveries import Deliveries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest


def told(do: Callable[[Deliveries], None]) -> list[str]:
    """Give the lines that are said when `do` has run on a loop."""
    lines: list[str] = []

    async def run() -> None:
        do(Deliveries(lambda files, did: lines.append(f"{' '.join(files)}: {did}")))

    asyncio.run(run())
    return lines


def test_a_page_that_did_it() -> None:
    def do(post: Deliveries) -> None:
        post.sent(["static/a.js"], [7], {"p"})
        post.answered("p", 7, "patched f", 23.4)

    assert told(do) == ["static/a.js: 1 page: patched f (23 ms)"]


def test_nobody_listens() -> None:
    assert told(lambda post: post.sent(["a.css"], [1], ())) == ["a.css: saved; no page is open"]


def test_what_was_not_sent_is_not_spoken_of() -> None:
    assert told(lambda post: post.sent([], [], {"p"})) == []


def test_pages_that_did_different_things() -> None:
    def do(post: Deliveries) -> None:
        post.sent(["a.js"], [1], {"p", "q", "r"})
        post.answered("p", 1, "patched f", 20.0)
        post.answered("q", 1, "not on this page", 21.0)
        post.answered("r", 1, "patched f", 30.0)

    assert told(do) == ["a.js: 2 pages: patched f; 1 page: not on this page (30 ms)"]


def test_a_file_with_two_addresses_is_told_by_the_one_that_is_used() -> None:
    def do(post: Deliveries) -> None:
        post.sent(["a.css"], [1, 2], {"p"})
        post.answered("p", 1, "not on this page", 9.0)
        post.answered("p", 2, "replaced", 12.0)

    assert told(do) == ["a.css: 1 page: replaced (12 ms)"]


def test_a_page_that_is_loaded_anew_leaves_with_its_answer() -> None:
    def do(post: Deliveries) -> None:
        post.sent(["a.js"], [1, 2], {"p"})
        post.answered("p", 1, "reload: a class has another base", 8.0)
        post.left("p")

    assert told(do) == ["a.js: 1 page: reload: a class has another base (8 ms)"]


def test_a_page_that_left_without_a_word() -> None:
    def do(post: Deliveries) -> None:
        post.sent(["a.js"], [1], {"p"})
        post.left("p")

    assert told(do) == ["a.js: sent, and the page left"]


def test_a_page_that_is_not_through_yet() -> None:
    """After a checkout of many files one answer is not all that becomes of it."""

    def do(post: Deliveries) -> None:
        post.sent(["a.css", "b.js"], [1, 2], {"p"})
        post.answered("p", 1, "replaced", 8.0)
        post.flush()

    assert told(do) == ["a.css b.js: 1 page: replaced, and more to come (8 ms)"]


def test_an_exec_reload_waits_for_no_page() -> None:
    def do(post: Deliveries) -> None:
        post.sent(["a.js"], [1], {"p", "q"})
        post.answered("p", 1, "patched f", 9.0)
        post.flush()

    assert told(do) == ["a.js: 1 page: patched f; 1 page: no answer yet"]


def test_a_page_that_is_stopped_in_a_debugger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "PATIENCE", 0.0)
    said: list[str] = []

    async def run() -> None:
        heard = asyncio.Event()

        def say(files: Sequence[str], did: str) -> None:
            said.append(f"{' '.join(files)}: {did}")
            heard.set()

        Deliveries(say).sent(["a.js"], [1], {"p"})
        await asyncio.wait_for(heard.wait(), 30)

    asyncio.run(run())
    assert said == ["a.js: 1 page: no answer yet"]


def test_answers_that_nobody_waits_for() -> None:
    def do(post: Deliveries) -> None:
        post.sent(["a.js"], [1], {"p"})
        post.answered("late", 1, "patched f", 9.0)
        post.answered("p", 9, "patched g", 9.0)
        post.left("late")

    assert told(do) == []


def test_the_client_gives_the_answers_that_count_as_nothing_done() -> None:
    source = client.client_source().decode()

    assert [words for words in deliveries.IDLE if f"'{words}'" not in source] == []
