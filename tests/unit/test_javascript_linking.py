"""Who uses what a module binds, by whatever ways it comes there; and what import maps say."""

from __future__ import annotations

import pytest

pytest.importorskip("tree_sitter_javascript", reason="the extra js is not installed")

from hotswap.web.javascript.linking import ImportMap, Links, import_map
from hotswap.web.javascript.syntax import parse


def links(**sources: str) -> Links:
    modules = {f"/{name}.js": parse(source.encode()) for name, source in sources.items()}
    return Links(modules.get, ImportMap().resolve)


def users(target: str, **sources: str) -> dict[str, tuple[object, object]]:
    made = links(**sources)
    modules = [(f"/{name}.js", parse(source.encode())) for name, source in sources.items()]
    found = made.importers([one for one in modules if one[0] != target], target)
    return {one.path: (dict(one.names), dict(one.spaces)) for one in found}


OWN = "export const q = 1; const r = 2; export { r as s }; export default class {}"
ALL = {"q": "q", "s": "r", "default": "default"}


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("import { q, s as t } from './o.js'", ({"q": "q", "t": "r"}, {})),
        ("import d, * as o from './o.js'", ({"d": "default"}, {"o": ALL})),
        ("import './o.js'", None),
        ("import { q } from './x.js'", None),
        ("import { b } from './barrel.js'", ({"b": "q"}, {})),
        ("import { q } from './star.js'", ({"q": "q"}, {})),
        ("import { q } from './twice.js'", ({"q": "q"}, {})),
        ("import d from './star.js'", None),
        ("import { d } from './barrel.js'", ({"d": "default"}, {})),
        (
            "import { o } from './barrel.js'",
            ({}, {"o": ALL}),
        ),
        (
            "import { n } from './barrel.js'",
            ({}, {"n": ALL}),
        ),
        ("import * as all from './star.js'", ({}, {"all": {"q": "q", "s": "r"}})),
        ("import { q } from './round.js'", ({"q": "q"}, {})),
        ("import { q } from './shadow.js'", None),
    ],
)
def test_importers(source: str, wanted: tuple[object, object] | None) -> None:
    found = users(
        "/o.js",
        o=OWN,
        barrel=(
            "export { q as b, default as d } from './o.js'; export * as o from './o.js';"
            "import * as n from './o.js'; export { n }"
        ),
        star="export * from './o.js'",
        twice="export * from './star.js'",
        round="export * from './again.js'",
        again="export * from './round.js'; export * from './o.js'",
        shadow="export * from './o.js'; export const q = 5;",
        user=source,
    )
    assert found.get("/user.js") == wanted


@pytest.mark.parametrize(
    ("path", "name", "home"),
    [
        ("/o.js", "q", ("/o.js", "q")),
        ("/o.js", "s", ("/o.js", "r")),
        ("/barrel.js", "b", ("/o.js", "q")),
        ("/star.js", "q", ("/o.js", "q")),
        ("/star.js", "default", None),
        ("/barrel.js", "o", ("/o.js", "*")),
        ("/round.js", "nothing", None),
        ("/missing.js", "q", None),
    ],
)
def test_where_a_name_comes_from(path: str, name: str, home: tuple[str, str] | None) -> None:
    made = links(
        o=OWN,
        barrel="export { q as b } from './o.js'; export * as o from './o.js'",
        star="export * from './o.js'",
        round="export * from './round.js'",
    )
    assert made.origin(path, name) == home


@pytest.mark.parametrize(
    ("base", "specifier", "wanted"),
    [
        ("/app/main.js", "vue", "/app/vendor/vue.js"),
        ("/app/main.js", "lib/a.js", "/app/src/lib/a.js"),
        ("/app/main.js", "lib/deep/a.js", "/app/deep/a.js"),
        ("/app/main.js", "cdn", None),
        ("/app/main.js", "unknown", None),
        ("/app/main.js", "./old.js", "/app/new.js"),
        ("/app/legacy/main.js", "vue", "/app/vendor/vue2.js"),
        ("/app/legacy/main.js", "lib/a.js", "/app/src/lib/a.js"),
        ("/app/main.js", "./plain.js", "/app/plain.js"),
        ("/app/main.js", "/root/app/plain.js", "/app/plain.js"),
    ],
)
def test_import_maps(base: str, specifier: str, wanted: str | None) -> None:
    """Addresses are relative to the page; `/root` stands before every path of the app."""
    made = import_map(
        [
            "not json",
            """{"imports": {"vue": "/root/app/vendor/vue.js", "lib/": "./src/lib/", "lib/deep/": "./deep/",
                "cdn": "https://cdn.test/x.js", "./old.js": "./new.js", "bad": 5},
                "scopes": {"./legacy/": {"vue": "./vendor/vue2.js"}, "x": [1]}}""",
            """{"imports": {"vue": "./too-late.js"}}""",
            "[1]",
        ],
        "/app/page",
        "/root",
    )
    assert made.resolve(base, specifier, "/root") == wanted
