"""The status page: a live feed, times, connections, faults, and a button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap.source.model import Fault
from tests.browser.follow import applied, visit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

    from tests.browser.site import Site


def test_the_status_page_follows(context: BrowserContext, site: Site) -> None:
    status, tab = context.new_page(), context.new_page()
    problems: list[str] = []
    status.on("pageerror", lambda error: problems.append(str(error)))
    status.on(
        "console",
        lambda message: problems.append(message.text) if message.type == "error" else None,
    )
    visit(tab, site.url)
    status.goto(site.url + "__hotswap__/")
    status.wait_for_selector("#dot.on")
    assert "main:app" in str(status.text_content("#facts"))
    site.save("static/app.css", "p { color: blue }")
    applied(tab, "css-update")
    status.wait_for_selector("tbody tr:has-text('app.css')")
    status.wait_for_function(
        "() => /^\\d/.test(document.querySelector('tbody tr td:last-child')?.textContent)"
    )
    status.wait_for_function("() => document.querySelectorAll('#plot rect').length === 1")
    site.fail(
        Fault(
            "HS1", "NameError", "name 'x' is not defined", path=str(site.write("a.py", "x")), line=1
        )
    )
    status.wait_for_selector("#faults:has-text(\"name 'x' is not defined\")")
    site.swap("f", ms=4.2)
    status.wait_for_selector("#broken", state="hidden")
    status.wait_for_selector("tbody tr:has-text('main.py')")
    status.wait_for_selector("#connections tr:has-text('pages over WebSocket')")
    status.click("#reload")
    status.wait_for_function("() => !document.querySelector('#reload')?.disabled")
    assert site.reloads == ["asked for on the status page"]
    assert problems == []


def test_the_status_page_fits_a_narrow_window(context: BrowserContext, site: Site) -> None:
    status = context.new_page()
    status.set_viewport_size({"width": 380, "height": 700})
    name = "static/a/rather/long/path/to/a/style_sheet_with_a_long_name.css"
    site.save(name, "p { color: blue }")
    site.fail(Fault("HS1", "NameError", "x" * 200, path=str(site.write("a.py", "x")), line=1))
    status.goto(site.url + "__hotswap__/")
    status.wait_for_selector("tbody tr:has-text('style_sheet')")
    assert status.evaluate("document.documentElement.scrollWidth") <= 380
    widths = status.eval_on_selector_all("td code", "all => all.map((e) => e.offsetWidth)")
    assert min(widths) > 20, "a name is not broken letter by letter"
