"""What tests ask of a page that follows saves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

READY = "() => globalThis.__hotswap__?.connected === true"
# Counts what the client has applied, and marks this very document: a reload makes another one.
RECORD = """
addEventListener('hotswap:applied', (event) => (globalThis.applied ??= []).push(event.detail));
globalThis.firstDocument = true;
"""


def visit(page: Page, url: str) -> None:
    """Open a page and wait until it follows."""
    page.goto(url)
    page.wait_for_function(READY)
    page.evaluate(RECORD)


def applied(page: Page, kind: str, count: int = 1) -> dict[str, Any]:
    """Wait until the page has applied `count` events of a kind; give the last."""
    page.wait_for_function(
        "([kind, count]) => (globalThis.applied ?? []).filter((e) => e.t === kind && e.how).length >= count",
        arg=[kind, count],
    )
    found: dict[str, Any] = page.evaluate(
        "kind => applied.filter((e) => e.t === kind).at(-1)", kind
    )
    return found


def same_document(page: Page) -> bool:
    """Say whether the page has not been loaded anew since `visit`."""
    return bool(page.evaluate("globalThis.firstDocument === true"))


def reloaded(page: Page) -> None:
    """Wait until the page has been loaded anew and follows again."""
    page.wait_for_function(
        "() => globalThis.firstDocument === undefined && globalThis.__hotswap__?.connected"
        " && document.readyState === 'complete'"
    )


def style(page: Page, selector: str, name: str) -> str:
    """Give a computed style."""
    value: str = page.eval_on_selector(selector, f"e => getComputedStyle(e).{name}")
    return value


def wait_style(page: Page, selector: str, name: str, value: str) -> None:
    """Wait until a computed style has a value."""
    page.wait_for_function(
        "([s, n, v]) => getComputedStyle(document.querySelector(s))[n] === v",
        arg=[selector, name, value],
    )


def overlay_text(page: Page) -> str:
    """Give what the overlay says, or ``""`` when there is none."""
    text: str = page.evaluate(
        "() => document.querySelector('hotswap-overlay')?.shadowRoot.querySelector('.panel')?.innerText ?? ''"
    )
    return text


def wait_overlay(page: Page, *, shown: bool = True, text: str = "") -> None:
    """Wait until the overlay is there and says `text`, or is gone."""
    page.wait_for_function(
        """([shown, text]) => {
          const panel = document.querySelector('hotswap-overlay')?.shadowRoot.querySelector('.panel');
          return shown ? panel?.innerText.includes(text) : !panel;
        }""",
        arg=[shown, text],
    )
