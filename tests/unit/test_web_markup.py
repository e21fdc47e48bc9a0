"""Finding a document's head: as a browser's tokenizer reads it, however it is spelled and cut."""

from __future__ import annotations

import pytest

from hotswap.web.markup import LIMIT, head, verbatim_scripts

DOCUMENTS = [
    ("<!doctype html><html><head>|<title>x</title>", "plain"),
    ("<!DOCTYPE HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'><HTML><HEAD>|<TITLE>", "capitals"),
    ("<html lang=en><head>|", "no doctype"),
    ("<head>|<title>", "only a head"),
    ("<!doctype html>|<p>no head at all", "implied head"),
    ("<!doctype html>|", "nothing but a doctype"),
    ("<!doctype html><html>|<body>", "no head tag"),
    ("<html>|<p>", "only html"),
    ("<!-- <head> --><!doctype html><html><!-- <head> --><head>|<!-- <head> -->", "comments"),
    ("<!--> <!doctype html><html><head>|", "the shortest comment"),
    ("<!---><!doctype html><html><head>|", "the next shortest comment"),
    ("<!-- a --!><!doctype html><html><head>|", "a comment that ends wrongly"),
    ('<?xml version="1.0"?><!doctype html><html><head>|', "XML declaration"),
    ("<![if IE]><!doctype html><html><head>|", "bogus comment"),
    ("\n\t \r\n<!doctype html>\n\n<html>\n<head>|\n", "space"),
    ("\ufeff<!doctype html><html><head>|", "byte order mark"),
    ("<!doctype html><html><head data-x=\"a>b\" data-y='>'>|<title>", "> in attributes"),
    ('<!doctype html><html x="<head>"><head>|', "a head in an attribute"),
    ("<!doctype html><html a='\"'><head b=\"'\">|", "quotes in quotes"),
    ('<!doctype html><html a=b"c><head>|', "a quote inside an unquoted value"),
    ("<!doctype html><html/><head/>|", "self-closing"),
    ("<!doctype html><html><head>\n<meta charset=utf-8>|<title>", "charset first"),
    ("<!doctype html><html><head><META CHARSET='utf-8' />|<title>", "charset in capitals"),
    ("<!doctype html><html><head>|<meta name=charset content=x>", "another meta"),
    ("<!doctype html><html><head>|<meta charset", "a meta that never ends"),
    ("<!doctype html>|<header>", "header is not head"),
    ("<!doctype html><html>|<header><head>", "a head that comes too late"),
    ("<!doctype html><html>|<html><head>", "html twice"),
    ("<!doctype html>|<script>'<head>'</script>", "a head in a script"),
    ("<!doctype html>|text", "text"),
    ("<!doctype html><html>|<!-- never closed <head>", "a comment that never ends"),
    ("<!doctype html><html>|<head never closed", "a tag that never ends"),
    ("<!doctype html>|<", "a lone bracket"),
]
FRAGMENTS = [
    "",
    "   ",
    "<p>a fragment</p>",
    "<div><html><head></head></html></div>",
    "<header>x</header>",
    "<!-- <html><head> -->",
    "<!-- never closed <html><head>",
    "text <html><head>",
    "<htmlx><head>",
    "<html",
    "<head never closed",
    "<",
    "<!",
    "<!doctype never closed",
    "<script>'<html><head>'</script>",
    "\0\0<html><head>",
    "<template><!doctype html><html><head>",
]


@pytest.mark.parametrize(("marked", "_"), DOCUMENTS, ids=[name for _, name in DOCUMENTS])
def test_documents(marked: str, _: str) -> None:
    place = marked.encode().index(b"|")
    data = marked.replace("|", "").encode()
    found = head(data, last=True)
    assert (found.verdict, found.offset) == ("document", place)


@pytest.mark.parametrize("text", FRAGMENTS)
def test_fragments(text: str) -> None:
    assert head(text.encode(), last=True).verdict == "fragment"


@pytest.mark.parametrize("text", [m.replace("|", "") for m, _ in DOCUMENTS] + FRAGMENTS)
def test_the_answer_does_not_hang_on_where_the_body_is_cut(text: str) -> None:
    """However few bytes have come, the answer is the one for all of them, or "more"."""
    data = text.encode()
    whole = head(data, last=True)
    for length in range(len(data) + 1):
        found = head(data[:length], last=False)
        assert found.verdict == "more" or found == whole, data[:length]


def test_other_encodings_are_left_alone() -> None:
    page = "<!doctype html><html><head></head></html>"
    assert head(page.encode("utf-16"), last=True).verdict == "fragment"
    assert head(page.encode("utf-32"), last=True).verdict == "fragment"


@pytest.mark.parametrize("text", ["<h1>hi</h1>", "hi", "", "<!-- c --><p>x", "<body>x", "<title>t"])
def test_what_a_browser_shows_is_a_document_whatever_it_looks_like(text: str) -> None:
    """`HTMLResponse("<h1>hi</h1>")` is the whole of many a first app."""
    for mark in ("", "\ufeff"):
        data = (mark + text).encode()
        found = head(data, last=True, shown=True)
        assert (found.verdict, found.offset) == ("document", len(mark.encode()))
    assert head(text.encode("utf-16"), last=True, shown=True).verdict == "fragment" or not text
    assert head(text.encode("utf-16-le"), last=True, shown=True).verdict == "fragment" or not text


def test_there_is_an_end_to_waiting() -> None:
    assert head(b"<!--" + b"x" * LIMIT, last=False).verdict == "fragment"
    assert head(b"<!doctype html><!--" + b"x" * LIMIT, last=False).verdict == "document"


def test_hostile_prologues_take_linear_time() -> None:
    for evil in (
        b'<html a="',
        b"<html " + b'a="b" ' * 5000,
        b"<!--" * 10000,
        b"<" * 60000,
        b" " * 60000,
    ):
        head(evil, last=False)
        head(evil, last=True)


def test_scripts_with_integrity() -> None:
    page = (
        b"<script src=/a.js integrity='sha256-x'></script><script src=/b.js></script>"
        b'<SCRIPT INTEGRITY=x crossorigin SRC="/c.js?a=1&amp;b=2"></script><script integrity=x>1</script>'
    )
    assert verbatim_scripts(page) == ["/a.js", "/c.js?a=1&b=2"]
