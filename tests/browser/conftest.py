"""One Chromium for each file of tests; a fresh context for each test.

Not for the whole session: Playwright's sync API keeps an event loop running in the main thread, and no other test could
call `asyncio.run` any more.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.site import Site, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from playwright.sync_api import Browser as Chromium
    from playwright.sync_api import BrowserContext, Page

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 15_000.0
"""Milliseconds that any single wait in a page may take."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """Start Chromium, or skip (fail, under CI=true) where there is none.

    With its back-forward cache, which Playwright switches off: users have it.
    """
    path = os.environ.get("HOTSWAP_CHROMIUM") or shutil.which("chromium") or ""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = ""
    if not path:
        why = "playwright or Chromium is missing (set HOTSWAP_CHROMIUM to its path)"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=ARGUMENTS,
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Chromium) -> Iterator[BrowserContext]:
    """Give a window of its own: no cookies, no storage, no cache of other tests."""
    made = chromium.new_context()
    made.set_default_timeout(PATIENCE)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """Give one tab."""
    return context.new_page()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Serve a small project."""
    with serving(tmp_path) as made:
        yield made


@pytest.fixture
def serve(tmp_path: Path) -> Callable[..., AbstractContextManager[Site]]:
    """Serve a small project with options of `Browser`."""

    def make(**options: Any) -> AbstractContextManager[Site]:
        return serving(tmp_path, **options)

    return make
