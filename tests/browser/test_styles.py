"""Style sheets, images and fonts are replaced in the page; the page stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.follow import applied, same_document, style, visit, wait_style

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.site import Site


def test_a_style_sheet_is_replaced_in_place(page: Page, site: Site) -> None:
    visit(page, site.url)
    page.fill("#name", "typed")
    assert style(page, "#text", "color") == "rgb(255, 0, 0)"

    site.save("static/app.css", "p { color: rgb(0, 0, 255) }")

    wait_style(page, "#text", "color", "rgb(0, 0, 255)")
    assert page.input_value("#name") == "typed"
    assert same_document(page)
    assert applied(page, "css-update")["how"] == "style x1"
    assert page.locator("link[rel=stylesheet]").count() == 1


def test_html_is_merged(page: Page, site: Site) -> None:
    visit(page, site.url)
    page.fill("#name", "typed")
    site.values["greeting"] = "changed"
    site.swap("index")
    page.wait_for_function("document.querySelector('#title').textContent === 'changed'")
    assert page.input_value("#name") == "typed"
    assert same_document(page)
