"""What went wrong while a page was made shows on the pages, and goes with the page's next answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.web_driver import NAVIGATION, ask, browser, respond

if TYPE_CHECKING:
    from pathlib import Path

    from hotswap.web.browser import Browser

PAGE = b"<!doctype html><html><head></head><body></body></html>"
MERGE = {"sec-fetch-dest": "empty", "x-hotswap": "merge", "x-hotswap-status": "200"}


def shown(made: Browser) -> list[tuple[str, str]]:
    """Give key and title of each fault that new pages are told."""
    channel: Any = made.carry()["channel"]
    return [(event["key"], event["title"]) for event in channel["errors"]]


@pytest.mark.parametrize("headers", [NAVIGATION, MERGE])
def test_what_a_framework_answers_itself_shows_with_its_lines(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    flask = pytest.importorskip("flask")
    wsgi = pytest.importorskip("a2wsgi")
    from hotswap.live import adapters

    made = browser(tmp_path)
    app = flask.Flask("shop", root_path=str(tmp_path))
    broken = [True]

    @app.get("/rooms/ä")
    def rooms() -> str:
        if broken[0]:
            raise LookupError("no room")
        return PAGE.decode()

    for _ in range(2):  # as after each swap
        for adapter in adapters.active():
            adapter.report(made.caught)
    wrapped = made.wrap(wsgi.WSGIMiddleware(app))
    assert ask(wrapped, "/rooms/ä", headers, http_version="1.1").status == 500
    assert shown(made) == [("request:/rooms/ä", "LookupError while /rooms/ä was made")]
    ask(wrapped, "/rooms/ä", http_version="1.1")  # a program that asks is no page
    broken[0] = False
    assert ask(wrapped, "/rooms/ä", headers, http_version="1.1").status == 200
    assert shown(made) == []


def test_what_is_caught_while_no_page_is_made_is_no_pages_affair(tmp_path: Path) -> None:
    made = browser(tmp_path)
    made.caught("/", LookupError("x"))
    ask(made.wrap(respond(PAGE)), "/", NAVIGATION)
    assert shown(made) == []


@pytest.mark.parametrize(
    ("was", "status", "told"),
    [("200", 503, True), ("404", 500, True), ("503", 503, False), ("200", 404, False)],
)
def test_a_page_that_fails_without_a_word(
    tmp_path: Path, was: str, status: int, *, told: bool
) -> None:
    """Only where it could be made before: an app may answer 503 because it means it."""
    made = browser(tmp_path)
    headers = {**MERGE, "x-hotswap-status": was}
    ask(made.wrap(respond(PAGE, status=status)), "/p", headers)
    assert shown(made) == ([("request:/p", f"/p answers {status}")] if told else [])
    ask(made.wrap(respond(PAGE)), "/p", headers)
    assert shown(made) == []
