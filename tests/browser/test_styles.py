# ruff: noqa: E501 -- the markup of one page stands on one line
"""Style sheets, images and fonts are replaced in the page; the page stays."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.browser.follow import RECORD, applied, reloaded, same_document, style, visit, wait_style

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.site import Site

RED, BLUE = "rgb(255, 0, 0)", "rgb(0, 0, 255)"
HEAD = "<!doctype html><html><head>{head}</head><body>{body}</body></html>"


def png(width: int) -> bytes:
    """Make a picture of one row and `width` pixels (PNG specification, section 5)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" + b"\0" * width)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def show(site: Site, *, head: str = "", body: str = "<p id=text>text</p>") -> None:
    site.write("templates/index.html", HEAD.format(head=head, body=body))


def wait_width(page: Page, selector: str, width: int) -> None:
    page.wait_for_function(
        "([s, w]) => document.querySelector(s)?.naturalWidth === w", arg=[selector, width]
    )


def wait_loads(page: Page, name: str, count: int) -> None:
    """Wait until the browser tells of so many loads of a file, which it does a little after a script has the answer."""
    page.wait_for_function(
        "([n, c]) => performance.getEntriesByType('resource').filter((e) => e.name.endsWith(n)).length >= c",
        arg=[name, count],
    )


def test_a_style_sheet_is_replaced_in_place(page: Page, site: Site) -> None:
    visit(page, site.url)
    page.fill("#name", "typed")
    assert style(page, "#text", "color") == RED

    site.save("static/app.css", "p { color: rgb(0, 0, 255) }")

    wait_style(page, "#text", "color", BLUE)
    assert page.input_value("#name") == "typed"
    assert applied(page, "css-update")["how"] == "replaced"
    assert page.locator("link[rel=stylesheet]").count() == 1
    assert same_document(page)


def test_no_frame_is_shown_without_style(page: Page, site: Site) -> None:
    visit(page, site.url)
    page.evaluate(
        """() => {
          globalThis.seen = new Set();
          const look = () => {
            seen.add(getComputedStyle(document.querySelector('#text')).color);
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    for number in range(5):
        site.save("static/app.css", f"p {{ color: rgb(0, 0, {number + 1}) }}")
        wait_style(page, "#text", "color", f"rgb(0, 0, {number + 1})")

    assert "rgb(0, 0, 0)" not in page.evaluate("[...seen]")


def test_a_sheet_that_cannot_be_loaded_leaves_the_old_one(page: Page, site: Site) -> None:
    visit(page, site.url)
    (site.static / "app.css").unlink()
    site.call(lambda: site.browser.files([str(site.static / "app.css")]))

    assert "stays" in applied(page, "css-update")["how"]
    assert style(page, "#text", "color") == RED

    site.save("static/app.css", "p { color: rgb(0, 0, 255) }")
    wait_style(page, "#text", "color", BLUE)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_imported_sheets_at_any_depth(page: Page, site: Site, depth: int) -> None:
    site.write("static/deep/d3.css", "p { color: rgb(255, 0, 0) } i { color: rgb(9, 9, 9) }")
    site.write("static/deep/d2.css", '@charset "utf-8"; /* x */ @import url("./d3.css") screen;')
    site.write("static/deep/d1.css", '@layer base; @import "d2.css"; b { color: rgb(1, 1, 1) }')
    site.write("static/app.css", "@import 'deep/d1.css';")
    visit(page, site.url)
    wait_style(page, "#text", "color", RED)

    changed = f"static/deep/d{depth}.css"
    text = (site.folder / changed).read_text()
    site.save(changed, text + " p { color: rgb(0, 0, 255) !important }")

    wait_style(page, "#text", "color", BLUE)
    assert same_document(page)


def test_a_sheet_imported_by_a_style_element(page: Page, site: Site) -> None:
    site.write("static/theme.css", "p { color: rgb(255, 0, 0) }")
    show(site, head="<style>@import '/static/theme.css';</style>")
    visit(page, site.url)
    wait_style(page, "#text", "color", RED)

    site.save("static/theme.css", "p { color: rgb(0, 0, 255) }")

    wait_style(page, "#text", "color", BLUE)


def test_a_sheet_in_a_shadow_root(page: Page, site: Site) -> None:
    site.write("static/inner.css", "b { color: rgb(255, 0, 0) }")
    visit(page, site.url)
    page.evaluate(
        """() => {
          const root = document.querySelector('#text').attachShadow({mode: 'open'});
          root.innerHTML = '<link rel="stylesheet" href="/static/inner.css"><b>inner</b>';
          globalThis.inner = () => getComputedStyle(root.querySelector('b')).color;
        }"""
    )
    page.wait_for_function("color => inner() === color", arg=RED)

    site.save("static/inner.css", "b { color: rgb(0, 0, 255) }")

    page.wait_for_function("color => inner() === color", arg=BLUE)


def test_a_sheet_for_other_media_does_not_hold_up_the_next(page: Page, site: Site) -> None:
    site.write("static/print.css", "p { color: rgb(1, 1, 1) }")
    show(site, head='<link rel=stylesheet href="/static/print.css" media=print>')
    visit(page, site.url)

    site.save("static/print.css", "p { color: rgb(2, 2, 2) }")

    assert applied(page, "css-update")["how"] == "replaced"
    assert page.locator("link[rel=stylesheet]").count() == 1


def test_a_sheet_that_is_not_on_the_page(page: Page, site: Site) -> None:
    visit(page, site.url)
    site.save("static/other.css", "p { color: rgb(2, 2, 2) }")
    assert applied(page, "css-update")["how"] == "not on this page"


def test_names_that_need_percent_signs(page: Page, site: Site) -> None:
    site.write("static/my stýle#1.css", "p { color: rgb(255, 0, 0) }")
    show(site, head='<link rel=stylesheet href="/static/my%20st%C3%BDle%231.css">')
    visit(page, site.url)
    site.save("static/my stýle#1.css", "p { color: rgb(0, 0, 255) }")
    wait_style(page, "#text", "color", BLUE)


def test_a_link_that_a_script_holds_stays_the_same(page: Page, site: Site) -> None:
    """A switch of themes keeps the element it has found once."""
    visit(page, site.url)
    page.evaluate("globalThis.held = document.querySelector('link')")
    page.evaluate("held.addEventListener('load', () => { globalThis.again = true })")
    for color in (BLUE, "rgb(0, 128, 0)"):
        site.save("static/app.css", f"p {{ color: {color} }}")
        wait_style(page, "#text", "color", color)
    page.wait_for_function("document.querySelectorAll('link').length === 1 && held.sheet")
    assert page.evaluate("[held.isConnected, globalThis.again]") == [True, None]
    page.evaluate("held.disabled = true")
    wait_style(page, "#text", "color", "rgb(0, 0, 0)")


def test_a_sheet_that_a_script_has_switched_off_stays_off(page: Page, site: Site) -> None:
    visit(page, site.url)
    page.evaluate("document.styleSheets[0].disabled = true")
    page.evaluate(
        "globalThis.seen = new Set(); const text = document.querySelector('#text');"
        "(function look() { seen.add(getComputedStyle(text).color); setTimeout(look) })()"
    )
    for count, color in enumerate(("rgb(0, 128, 0)", BLUE), 1):
        site.save("static/app.css", f"p {{ color: {color} }}")
        applied(page, "css-update", count)
    assert page.evaluate("[...seen]") == ["rgb(0, 0, 0)"]
    page.evaluate("document.styleSheets[0].disabled = false")
    wait_style(page, "#text", "color", BLUE)


def test_a_css_module(page: Page, site: Site) -> None:
    site.write("static/sheet.css", "p { color: rgb(255, 0, 0) }")
    script = (
        'import sheet from "/static/sheet.css" with { type: "css" }; '
        "document.adoptedStyleSheets = [sheet]"
    )
    site.write(
        "templates/module.html",
        f"<!doctype html><html><head><script type=module>{script}</script></head><body><p id=text>x",
    )
    visit(page, site.url + "module")
    wait_style(page, "#text", "color", "rgb(255, 0, 0)")
    site.save("static/sheet.css", "p { color: rgb(0, 0, 255) }")
    wait_style(page, "#text", "color", BLUE)
    assert same_document(page)


def test_a_sheet_that_a_script_has_read(page: Page, site: Site) -> None:
    """Nobody can tell which constructed sheet the text went into: the page is loaded anew."""
    site.write("static/sheet.css", "p { color: rgb(255, 0, 0) }")
    script = """(async () => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(await (await fetch('/static/sheet.css')).text());
      document.adoptedStyleSheets = [sheet];
    })()"""
    site.write(
        "templates/made.html",
        f"<!doctype html><html><head><script>{script}</script></head><body><p id=text>x",
    )
    visit(page, site.url + "made")
    wait_style(page, "#text", "color", "rgb(255, 0, 0)")
    wait_loads(page, "sheet.css", 1)
    site.save("static/sheet.css", "p { color: rgb(0, 0, 255) }")
    reloaded(page)
    wait_style(page, "#text", "color", BLUE)


def test_a_frame_without_a_client_of_its_own(page: Page, site: Site) -> None:
    site.write("static/frame.css", "p { color: rgb(255, 0, 0) }")
    inner = "<link rel=stylesheet href=/static/frame.css><p id=text>x"
    site.write(
        "templates/frame.html",
        f'<!doctype html><html><head></head><body><iframe srcdoc="{inner}"></iframe>',
    )
    visit(page, site.url + "frame")
    site.save("static/frame.css", "p { color: rgb(0, 0, 255) }")
    page.frames[1].wait_for_function(
        "getComputedStyle(document.querySelector('#text')).color === 'rgb(0, 0, 255)'"
    )


def test_a_merged_image_is_the_new_one(page: Page, site: Site) -> None:
    site.write("static/a.png", png(3))
    whole = "<!doctype html><html><head></head><body><img src=/static/a.png>{more}</body></html>"
    site.write("templates/images.html", whole.format(more=""))
    visit(page, site.url + "images")
    page.wait_for_function("document.images[0].naturalWidth === 3")
    site.save("static/a.png", png(9))
    applied(page, "asset-update")
    site.save("templates/images.html", whole.format(more="<img src=/static/a.png>"))
    page.wait_for_function("document.images[1]?.naturalWidth === 9")
    assert same_document(page)


def test_images_in_attributes(page: Page, site: Site) -> None:
    site.write("static/a.png", png(3))
    show(
        site,
        body="<img id=one src='/static/a.png'><img id=two srcset='/static/a.png 1x, /static/b.png 2x'>"
        "<picture><source srcset='/static/a.png'><img id=three></picture><video id=film poster='/static/a.png'></video>",
    )
    visit(page, site.url)
    wait_width(page, "#one", 3)

    site.save("static/a.png", png(5))

    for name in ("#one", "#two", "#three"):
        wait_width(page, name, 5)
    assert "hs=" in page.get_attribute("#film", "poster")
    assert page.get_attribute("#two", "srcset").endswith(", /static/b.png 2x")
    assert same_document(page)


def test_images_in_styles(page: Page, site: Site) -> None:
    site.write("static/a.png", png(3))
    site.write(
        "static/img.css", "p { background: url(a.png) no-repeat; --mark: url('/static/a.png') }"
    )
    show(
        site,
        head="<link rel=stylesheet href=/static/img.css>",
        body="<p id=text>text</p><div id=inline style=\"background-image: url('/static/a.png')\">x</div>",
    )
    visit(page, site.url)

    site.save("static/a.png", png(5))

    page.wait_for_function(
        "getComputedStyle(document.querySelector('#text')).backgroundImage.includes('hs=')"
    )
    page.wait_for_function(
        "getComputedStyle(document.querySelector('#inline')).backgroundImage.includes('hs=')"
    )

    # The sheet replaced: the picture must not fall back to the old one.
    site.save("static/img.css", "p { background: url(a.png) repeat }")
    page.wait_for_function(
        "getComputedStyle(document.querySelector('#text')).backgroundRepeat === 'repeat'"
    )
    page.wait_for_function(
        "getComputedStyle(document.querySelector('#text')).backgroundImage.includes('hs=')"
    )


def test_fonts(page: Page, site: Site) -> None:
    site.write("static/x.woff2", b"not a font")
    site.write(
        "static/font.css", "@font-face { font-family: X; src: url(x.woff2) } p { font-family: X }"
    )
    show(site, head="<link rel=stylesheet href=/static/font.css>")
    visit(page, site.url)

    with page.expect_request(lambda request: "x.woff2" in request.url and "hs=" in request.url):
        site.save("static/x.woff2", b"not a font either")
    assert applied(page, "asset-update")["how"] == "replaced"


def test_a_style_sheet_in_a_closed_shadow_root(page: Page, site: Site) -> None:
    site.write("static/in.css", "b { color: rgb(255, 0, 0) }")
    show(site, body="<div id=host></div>")
    visit(page, site.url)
    page.evaluate(
        """async () => {
          globalThis.inside = document.querySelector('#host').attachShadow({ mode: 'closed' });
          const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: '/static/in.css' });
          await new Promise((done) => { link.onload = done; inside.append(link, document.createElement('b')); });
        }"""
    )
    site.save("static/in.css", "b { color: rgb(0, 0, 255) }")
    page.wait_for_function(
        "blue => getComputedStyle(inside.querySelector('b')).color === blue", arg=BLUE
    )
    assert same_document(page)


def test_an_image_that_only_a_canvas_shows(page: Page, site: Site) -> None:
    """In place, and without the `load` event that started the game."""
    site.write("static/sprite.png", png(1))
    visit(page, site.url)
    page.evaluate(
        """() => new Promise((done) => {
          globalThis.starts = 0;
          globalThis.sprite = new Image();
          sprite.onload = () => { starts += 1; done(); };
          sprite.src = '/static/sprite.png';
        })"""
    )
    site.save("static/sprite.png", png(3))
    assert applied(page, "asset-update")["how"] == "replaced"
    page.wait_for_function("sprite.complete && sprite.naturalWidth === 3")
    assert page.evaluate("starts") == 1
    assert same_document(page)


def test_data_that_a_script_has_read(page: Page, site: Site) -> None:
    """Read once, it is asked for again by loading the page; what is written again and again is left alone."""
    site.write("static/level.json", "1")
    show(site, body="<input id=name><script src=/static/read.js></script>")
    site.write(
        "static/read.js",
        "fetch('/static/level.json').then((r) => r.json()).then((n) => { globalThis.level = n })",
    )
    visit(page, site.url)
    page.wait_for_function("globalThis.level === 1")
    wait_loads(page, "level.json", 1)
    page.fill("#name", "typed")
    site.save("static/level.json", "2")
    reloaded(page)
    page.wait_for_function("globalThis.level === 2")
    page.wait_for_function("document.querySelector('#name')?.value === 'typed'")

    wait_loads(page, "level.json", 1)
    page.evaluate(RECORD)
    page.evaluate("sessionStorage.setItem('__hotswap_data /static/level.json', Date.now() + 1e6)")
    site.save("static/level.json", "3")
    assert "by itself" in applied(page, "data-update")["how"]

    page.evaluate("sessionStorage.clear(); fetch('/static/level.json').then((r) => r.text())")
    wait_loads(page, "level.json", 2)
    site.save("static/level.json", "4")
    assert "again and again" in applied(page, "data-update", 2)["how"]
    assert same_document(page)
