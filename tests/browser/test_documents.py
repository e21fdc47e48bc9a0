# ruff: noqa: E501 -- the markup of one page stands on one line
"""The server's difference is merged into the live page; what the user and the page's own scripts did stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotswap.source.model import Fault
from tests.browser.follow import (
    READY,
    RECORD,
    applied,
    reloaded,
    same_document,
    visit,
    wait_overlay,
    wait_style,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from playwright.sync_api import Page

    from tests.browser.site import Site

DOCUMENT = "<!doctype html><html><head><title>t</title>{head}</head><body>{body}</body></html>"


def edit(site: Site, *, head: str = "", body: str) -> None:
    site.save("templates/index.html", DOCUMENT.format(head=head, body=body))


def begin(page: Page, site: Site, *, head: str = "", body: str) -> None:
    site.write("templates/index.html", DOCUMENT.format(head=head, body=body))
    visit(page, site.url)


def merged(page: Page) -> str:
    how: str = applied(page, "html-update")["how"]
    assert how.startswith("merged"), how
    assert same_document(page)
    return how


def test_all_kinds_of_state_survive_a_template_edit(page: Page, site: Site) -> None:
    body = """<h1 id=title class="a">one</h1><form><input id=name><input id=check type=checkbox>
    <textarea id=long>x</textarea><select id=choice><option>a<option>b</select></form>
    <details id=more><summary>s</summary>in</details><dialog id=box>d</dialog><span id=clock>0</span>
    <div id=scroll style="height: 20px; overflow: auto"><p style="height: 400px">tall</p></div><ul id=list><li>1</ul>"""
    begin(page, site, body=body)
    page.fill("#name", "typed")
    page.check("#check")
    page.fill("#long", "written")
    page.select_option("#choice", "b")
    page.evaluate(
        """() => {
          document.querySelector('#more').open = true;
          document.querySelector('#box').show();
          document.querySelector('#clock').textContent = '12:00';
          document.querySelector('#title').classList.add('mine');
          document.querySelector('#list').append(Object.assign(document.createElement('li'), {id: 'made'}));
          document.querySelector('#scroll').scrollTop = 100;
          globalThis.field = document.querySelector('#name');
          field.focus(); field.setSelectionRange(2, 3);
        }"""
    )

    edit(
        site,
        body=body.replace(">one<", ">two<")
        .replace('class="a"', 'class="b"')
        .replace("<li>1", "<li>1<li>2"),
    )

    merged(page)
    assert page.evaluate(
        """() => ({
          title: title.textContent, classes: [...title.classList], name: field.value, same: field === document.activeElement,
          selection: [field.selectionStart, field.selectionEnd], check: check.checked, long: long.value, choice: choice.value,
          more: more.open, box: box.open, clock: clock.textContent, made: Boolean(document.querySelector('#made')),
          list: list.children.length, scroll: scroll_.scrollTop,
        })""".replace("scroll_", "document.querySelector('#scroll')")
    ) == {
        "title": "two",
        "classes": ["mine", "b"],
        "name": "typed",
        "same": True,
        "selection": [2, 3],
        "check": True,
        "long": "written",
        "choice": "b",
        "more": True,
        "box": True,
        "clock": "12:00",
        "made": True,
        "list": 3,
        "scroll": 100,
    }


@pytest.mark.parametrize(
    ("before", "after", "probe", "want"),
    [
        ("<p id=p>a</p>", "<p id=p>b</p>", "p.textContent", "b"),
        ("<p id=p>a</p>", "<p id=p title=x>a</p>", "p.title", "x"),
        ("<p id=p title=x>a</p>", "<p id=p>a</p>", "p.hasAttribute('title')", False),
        (
            "<p id=p style='color: red; top: 1px'>a</p>",
            "<p id=p style='color: blue; top: 1px'>a</p>",
            "p.style.color",
            "blue",
        ),
        ("<p id=p>a</p>", "<p id=p>a</p><i id=i>new</i>", "i.previousElementSibling.id", "p"),
        ("<p id=p>a</p><i>x</i>", "<p id=p>a</p>", "document.querySelector('i') === null", True),
        (
            "<ul id=u><li>1<li>2<li>3</ul>",
            "<ul id=u><li>0<li>1<li>2<li>3</ul>",
            "u.innerText.split('\\n')",
            ["0", "1", "2", "3"],
        ),
        (
            "<ul id=u><li>1<li>2<li>3</ul>",
            "<ul id=u><li>1<li>3</ul>",
            "u.innerText.split('\\n')",
            ["1", "3"],
        ),
        (
            "<p id=p><a>x</a> <a>y</a></p>",
            "<p id=p><a>x</a> <b>z</b> <a>y</a></p>",
            "p.textContent",
            "x z y",
        ),
        ("<p id=p>a<b>c</b>d</p>", "<p id=p>A<b>C</b>D</p>", "p.textContent", "ACD"),
        ("<pre id=p>a\n  b</pre>", "<pre id=p>a\n\n  b</pre>", "p.textContent", "a\n\n  b"),
        ("<textarea id=p>a</textarea>", "<textarea id=p>b</textarea>", "p.value", "b"),
        ("<input id=p value=a>", "<input id=p value=b>", "p.value", "b"),
        ("<input id=p type=hidden value=a>", "<input id=p type=hidden value=b>", "p.value", "b"),
        (
            "<select id=p><option>a</select>",
            "<select id=p><option>a<option selected>b</select>",
            "p.options.length",
            2,
        ),
        (
            "<template id=p><b>1</b></template>",
            "<template id=p><b>2</b></template>",
            "p.content.textContent",
            "2",
        ),
        (
            "<svg id=p viewBox='0 0 1 1'><path d='M0 0'/></svg>",
            "<svg id=p viewBox='0 0 2 2'><path d='M1 1'/></svg>",
            "p.getAttribute('viewBox') + p.firstChild.getAttribute('d')",
            "0 0 2 2M1 1",
        ),
        (
            "<table id=p><tr><td>1</table>",
            "<table id=p><tr><td>1<td>2</table>",
            "p.rows[0].cells.length",
            2,
        ),
        ("<p id=p>x</p>", "<p id=p>&lt;b&gt; &amp; ü 漢</p>", "p.textContent", "<b> & ü 漢"),
        (
            "<script type=application/json id=p>1</script>",
            "<script type=application/json id=p>2</script>",
            "p.textContent",
            "2",
        ),
        ("<p id=p>x</p><!-- a -->", "<p id=p>x</p><!-- b -->", "p.textContent", "x"),
        (
            "<x-y id=p a=1><b>1</b></x-y>",
            "<x-y id=p a=2><b>2</b></x-y>",
            "p.getAttribute('a') + p.textContent",
            "22",
        ),
        (
            "<div id=p><div><div><p>1</p></div></div></div>",
            "<div id=p><div><div><p>2</p></div></div></div>",
            "p.textContent",
            "2",
        ),
    ],
)
def test_differences(
    page: Page, site: Site, before: str, after: str, probe: str, want: object
) -> None:
    begin(page, site, body=before)
    edit(site, body=after)
    merged(page)
    assert page.evaluate(probe) == want


def test_head_follows(page: Page, site: Site) -> None:
    site.write("static/two.css", "p { color: rgb(0, 0, 255) }")
    head = "<style>p { color: rgb(255, 0, 0) }</style><meta name=a content=1>"
    begin(page, site, head=head, body="<p id=text>x</p>")
    edit(
        site,
        head="<style>p { top: 0 }</style><meta name=a content=2><link rel=stylesheet href=/static/two.css>",
        body="<p id=text>x</p>",
    )
    merged(page)
    wait_style(page, "#text", "color", "rgb(0, 0, 255)")
    assert page.get_attribute("meta[name=a]", "content") == "2"


def test_attributes_of_html_and_body_follow(page: Page, site: Site) -> None:
    begin(page, site, body="<p>x</p>")
    site.save(
        "templates/index.html",
        "<!doctype html><html lang=de><head><title>u</title></head><body class=dark><p>x</p></body></html>",
    )
    merged(page)
    assert page.evaluate(
        "[document.documentElement.lang, document.body.className, document.title]"
    ) == [
        "de",
        "dark",
        "u",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<p>x</p>", "<p>x</p><script>globalThis.ran = 1</script>"),
        ("<script>globalThis.ran = 0</script>", "<script>globalThis.ran = 1</script>"),
        ("<p>x</p><script>globalThis.gone = 1</script>", "<script>globalThis.ran = 1</script>"),
        ("<p>x</p>", "<div><script>globalThis.ran = 1</script></div>"),
    ],
)
def test_scripts_need_the_page_anew(page: Page, site: Site, before: str, after: str) -> None:
    begin(page, site, body=before + "<input id=name>")
    page.fill("#name", "typed")
    edit(site, body=after + "<input id=name>")
    reloaded(page)
    page.wait_for_function("globalThis.ran === 1")
    page.wait_for_function("document.querySelector('#name')?.value === 'typed'")


def test_what_the_page_removed_and_the_server_changed_is_a_conflict(page: Page, site: Site) -> None:
    begin(page, site, body="<p id=a>1</p><p id=b>2</p>")
    page.evaluate("document.querySelector('#b').remove()")
    edit(site, body="<p id=a>changed</p><p id=b>3</p>")
    reloaded(page)
    assert page.text_content("#b") == "3"


def test_what_the_page_removed_stays_away(page: Page, site: Site) -> None:
    begin(page, site, body="<p id=a>1</p><p id=b>2</p>")
    page.evaluate("document.querySelector('#b').remove()")
    edit(site, body="<p id=a>3</p><p id=b>2</p>")
    merged(page)
    assert page.text_content("#a") == "3"
    assert page.locator("#b").count() == 0


def test_a_swap_shows_by_itself(page: Page, site: Site) -> None:
    visit(page, site.url)
    page.fill("#name", "typed")
    site.values["greeting"] = "changed"
    site.swap("index", ms=3.0)
    page.wait_for_function("document.querySelector('#title')?.textContent === 'changed'")
    assert page.input_value("#name") == "typed"
    assert same_document(page)


def test_a_swap_that_changes_nothing_here(page: Page, site: Site) -> None:
    visit(page, site.url)
    site.swap("other")
    assert applied(page, "patched")["how"] == "no difference"


def test_one_merge_after_another(page: Page, site: Site) -> None:
    visit(page, site.url)
    for number in range(6):
        site.values["greeting"] = f"number {number}"
        site.swap("index")
        page.wait_for_function(
            "text => document.querySelector('#title')?.textContent === text", arg=f"number {number}"
        )
    assert same_document(page)


def test_on_patch_reload_restores_what_the_user_had(
    page: Page, serve: Callable[..., AbstractContextManager[Site]]
) -> None:
    with serve(on_patch="reload") as site:
        site.write(
            "templates/index.html",
            DOCUMENT.format(
                head="",
                body="<h1 id=title>{{ greeting }}</h1><input id=name><input id=secret type=password>"
                "<input id=check type=checkbox><textarea id=long></textarea><select id=many multiple><option>a<option>b</select>"
                "<details id=more><summary>s</summary>x</details><p contenteditable id=free>x</p><dialog id=box>d</dialog><i id=made></i>"
                "<script>setTimeout(() => { made.innerHTML = '<input id=late>' }, 50)</script>"
                "<p style='height: 4000px'>tall</p><input id=low>",
            ),
        )
        visit(page, site.url)
        page.fill("#name", "typed")
        page.fill("#secret", "hidden")
        page.check("#check")
        page.fill("#long", "one\ntwo")
        page.fill("#late", "drawn")
        page.select_option("#many", ["a", "b"])
        page.evaluate("more.open = true; free.innerHTML = '<b>mine</b>'; scrollTo(0, 1200)")
        page.evaluate(
            "document.querySelector('#name').focus({preventScroll: true}); document.activeElement.setSelectionRange(1, 4)"
        )
        site.values["greeting"] = "again"

        site.swap("index")

        reloaded(page)
        page.wait_for_function("document.activeElement.id === 'name'")
        page.wait_for_function("document.querySelector('#late')?.value === 'drawn'")
        found = page.evaluate(
            """() => ({title: title.textContent, name: document.querySelector('#name').value, secret: secret.value, check: check.checked,
              long: long.value, many: [...many.selectedOptions].map((o) => o.value), more: more.open, free: free.innerHTML,
              y: scrollY, at: [document.activeElement.selectionStart, document.activeElement.selectionEnd]})"""
        )
        assert found == {
            "title": "again",
            "name": "typed",
            "secret": "",
            "check": True,
            "long": "one\ntwo",
            "many": ["a", "b"],
            "more": True,
            "free": "<b>mine</b>",
            "y": 1200,
            "at": [1, 4],
        }


def test_on_patch_none_only_tells(
    page: Page, serve: Callable[..., AbstractContextManager[Site]]
) -> None:
    with serve(on_patch="none") as site:
        visit(page, site.url)
        page.evaluate(
            "addEventListener('hotswap:patched', (e) => { globalThis.told = e.detail.changed })"
        )
        site.values["greeting"] = "changed"
        site.swap("index")
        assert applied(page, "patched")["how"] == "told"
        assert page.evaluate("told") == ["index"]
        assert page.text_content("#title") == "hello"


def test_the_page_may_take_a_patch_into_its_own_hands(page: Page, site: Site) -> None:
    visit(page, site.url)
    page.evaluate("addEventListener('hotswap:patched', (e) => e.preventDefault())")
    site.values["greeting"] = "changed"
    site.swap("index")
    assert applied(page, "patched")["how"] == "left to the page"
    assert page.text_content("#title") == "hello"


def test_pages_that_are_not_found_follow_too(page: Page, site: Site) -> None:
    visit(page, site.url + "nothing")
    assert page.text_content("body") == "missing"
    site.save("templates/missing.html", DOCUMENT.format(head="", body="still missing"))
    page.wait_for_function("document.body.textContent === 'still missing'")
    site.save("templates/nothing.html", DOCUMENT.format(head="", body="found"))
    page.wait_for_function("document.body.textContent === 'found'")


def test_a_page_whose_address_a_router_changed(page: Page, site: Site) -> None:
    visit(page, site.url)
    page.evaluate("history.pushState({}, '', '/elsewhere')")
    site.values["greeting"] = "changed"
    site.swap("index")
    page.wait_for_function("document.querySelector('#title')?.textContent === 'changed'")
    assert page.url.endswith("/elsewhere")


def test_a_template_that_fails_does_not_cost_the_page(page: Page, site: Site) -> None:
    """The server answers 500 in plain text: the page stays as it is, says so, and follows the mended template."""
    visit(page, site.url)
    page.fill("#name", "typed")
    whole = (site.templates / "index.html").read_text()
    site.save("templates/index.html", whole.replace("{{ greeting }}", "{{ greeting.no.such }}"))
    wait_overlay(page, text="UndefinedError")
    assert page.text_content("#title") == "hello"
    site.save("templates/index.html", whole.replace("{{ greeting }}", "mended"))
    wait_overlay(page, shown=False)
    page.wait_for_function("document.querySelector('#title')?.textContent === 'mended'")
    assert page.input_value("#name") == "typed"
    assert same_document(page)


def test_what_the_user_writes_into_the_page_stays(page: Page, site: Site) -> None:
    begin(page, site, body="<p id=note contenteditable>note</p><p id=other>1</p>")
    page.evaluate("note.textContent = 'mine'")
    edit(site, body="<p id=note contenteditable>a note</p><p id=other>2</p>")
    page.wait_for_function("other.textContent === '2'")
    assert page.text_content("#note") == "mine"


def test_a_page_without_a_head_follows(page: Page, site: Site) -> None:
    visit(page, site.url + "bare")
    page.fill("#name", "typed")
    site.values["greeting"] = "changed"
    site.swap("bare")
    page.wait_for_function("document.querySelector('#title')?.textContent === 'changed'")
    assert page.input_value("#name") == "typed"
    assert same_document(page)


def test_the_answer_to_a_form_is_not_asked_for_again(page: Page, site: Site) -> None:
    """It follows style sheets and shows faults; what only the form sent again could show, it says."""
    visit(page, site.url + "form")
    page.click("#send")
    page.wait_for_function("document.querySelector('#text')?.textContent.endsWith(' 1')")
    page.wait_for_function(READY)
    page.evaluate(RECORD)

    site.save("static/app.css", "p { color: rgb(0, 0, 255) }")
    wait_style(page, "#text", "color", "rgb(0, 0, 255)")
    site.fail(Fault("HS1", "NameError", "x", path=str(site.write("main.py", "x")), line=1))
    wait_overlay(page, text="NameError")
    site.values["greeting"] = "changed"
    site.swap("form")
    wait_overlay(page, shown=False)

    assert "answers a form" in applied(page, "patched")["how"]
    assert page.text_content("#text") == "hello 1"
    assert site.posts == 1
    assert same_document(page)


@pytest.mark.parametrize(
    ("made", "now", "want"),
    [
        ("<li>two</li>", "<li>one<li>two", ["one", "two"]),
        ("<li class=new><b>ann</b>: two</li>", "<li>one<li>ann: two", ["one", "ann: two"]),
        ("<li>two</li>", "<li>* one<li>* two", ["* one", "* two"]),
        ("<li>two</li><li>two</li>", "<li>one<li>two<li>two", ["one", "two", "two"]),
        ("<li>mine</li>", "<li>one<li>two", ["one", "two", "mine"]),
    ],
    ids=["row", "markup", "row-and-template", "twice", "unlike"],
)
def test_what_the_page_showed_already_is_not_shown_twice(
    page: Page, site: Site, made: str, now: str, want: list[str]
) -> None:
    """A line that came by a socket, a row posted in the background: the next page has it from the server."""
    begin(page, site, body="<ul id=list><li>one</ul>")
    page.evaluate(
        "made => document.querySelector('#list').insertAdjacentHTML('beforeend', made)", made
    )
    edit(site, body=f"<ul id=list>{now}</ul>")
    merged(page)
    assert (
        page.evaluate("[...document.querySelectorAll('#list li')].map((e) => e.textContent)")
        == want
    )


def test_a_text_that_the_page_wrote_where_there_was_none(page: Page, site: Site) -> None:
    begin(page, site, body="<p id=status></p>")
    page.evaluate("document.querySelector('#status').textContent = 'online'")
    edit(site, body="<p id=status>idle</p>")
    merged(page)
    assert page.text_content("#status") == "online"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<p @click='one'>x</p>", "<p @click='two'>x</p>"),
        ("<p v-if='one'>x</p>", "<p>x</p>"),
        ("<p hx-get='/one'>x</p>", "<p hx-get='/two'>x</p>"),
        ("<p>x</p>", "<p>x</p><div><p hx-get='/one'>y</p></div>"),
        ("<p x-data='{ n: 1 }'>x</p>", "<p x-data='{ n: 2 }'>x</p>"),
        ("<p>{% raw %}{{ n }} times{% endraw %}</p>", "<p>{% raw %}{{ n }} turns{% endraw %}</p>"),
        ("<template x-for='a'><p>x</p></template>", "<template x-for='a'><p>y</p></template>"),
    ],
)
def test_markup_that_a_library_has_read_needs_the_page_anew(
    page: Page, site: Site, before: str, after: str
) -> None:
    """Vue, Alpine's data, htmx imported as a module: the element would look changed, and act as before."""
    begin(page, site, body=before)
    edit(site, body=after)
    reloaded(page)


def test_markup_that_a_library_follows_is_merged(page: Page, site: Site) -> None:
    """Alpine watches the document; htmx is asked to look at it."""
    body = "<div x-data='1'><p id=text @click='one'>x</p></div><i hx-get='/one'>x</i>"
    begin(page, site, body=body)
    page.evaluate(
        "globalThis.htmx = { process(root) { globalThis.seen = root.querySelector('i').getAttribute('hx-get') } }"
    )
    edit(site, body=body.replace("one", "two"))
    merged(page)
    assert page.get_attribute("#text", "@click") == "two"
    assert page.evaluate("seen") == "/two"
