"""The version of a sheet goes on to what it imports."""

from __future__ import annotations

import pytest

from hotswap.web.styles import carry_version, versioned


@pytest.mark.parametrize(
    ("sheet", "wanted"),
    [
        ('@import "a.css";', '@import "a.css?hs=7";'),
        ("@import 'a.css' screen;", "@import 'a.css?hs=7' screen;"),
        ("@import url(a.css);", "@import url(a.css?hs=7);"),
        ('@import url( "a.css" ) layer(x);', '@import url( "a.css?hs=7" ) layer(x);'),
        ("@import/**/url('/x/a.css?b=1#c');", "@import/**/url('/x/a.css?b=1&hs=7#c');"),
        ("@IMPORT 'a.css'", "@IMPORT 'a.css?hs=7'"),
        ("@import 'a.css?hs=3';", "@import 'a.css?hs=7';"),
        (
            "@charset 'utf-8';\n@layer a, b;\n@import 'a.css';",
            "@charset 'utf-8';\n@layer a, b;\n@import 'a.css?hs=7';",
        ),
        ("@import 'a.css';@import 'b.css';p{}", "@import 'a.css?hs=7';@import 'b.css?hs=7';p{}"),
        ("<!-- @import 'a.css'; -->", "<!-- @import 'a.css?hs=7'; -->"),
        ("\ufeff@import 'a.css';", "\ufeff@import 'a.css?hs=7';"),
        # Not ours to change
        ("@import 'https://cdn.test/a.css';", None),
        ("@import '//cdn.test/a.css';", None),
        ("@import 'data:text/css,p{}';", None),
        ("@import '';", None),
        ("/* @import 'a.css'; */ p { }", None),
        ("p { } @import 'a.css';", None),
        ("@layer x { p { } } @import 'a.css';", None),
        ("p { content: \"@import 'a.css';\" }", None),
        ("@import 'never closed.css", None),
        ("@import 'back\\slash.css';", None),
        ("@imported 'a.css';", None),
        ("", None),
    ],
)
def test_each_address_in_a_sheet_carries_the_version(sheet: str, wanted: str | None) -> None:
    changed = carry_version(sheet.encode(), "7").decode()
    assert changed == (sheet if wanted is None else wanted)


def test_bytes_that_are_no_text_pass_through() -> None:
    sheet = b"@import 'a.css'; p::before { content: '\xff\xfe' }"
    assert carry_version(sheet, "7") == sheet.replace(b"a.css", b"a.css?hs=7")


def test_blank_values_stay() -> None:
    assert versioned("a.css?x", "7") == "a.css?x=&hs=7"
