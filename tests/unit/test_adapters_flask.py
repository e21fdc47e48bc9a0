"""Flask apps follow edits in place."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("flask")

from hotswap.live.adapters.base import Refused
from tests.unit.adapters_driver import Driven, fresh

APP = """
from flask import Blueprint, Flask, g

app = Flask(__name__)
app.config["N"] = 1

@app.before_request
def first(): g.log = "1"

@app.before_request
def second(): g.log += "2"

@app.route("/a")
def a(): return "a" + g.log

@app.route("/b/<int:n>", methods=["GET", "POST"])
def b(n): return str(n)

@app.errorhandler(404)
def missing(error): return "nothing", 404

@app.template_filter()
def shout(text): return text.upper()

@app.cli.command()
def seed(): pass
"""


def edited(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def table(app: Any) -> list[Any]:
    return sorted(
        (r.rule, r.endpoint, sorted(r.methods), app.view_functions[r.endpoint].__qualname__)
        for r in app.url_map.iter_rules()
    )


def answers(app: Any) -> list[Any]:
    client = app.test_client()
    return [
        (p, r.status_code, r.text)
        for p in ("/a", "/aa", "/b/1", "/c", "/bp/x", "/bq/x", "/none")
        if (r := client.get(p))
    ]


EDITS = {
    "path": edited(APP, ('"/a"', '"/aa"')),
    "methods": edited(APP, ('["GET", "POST"]', '["POST"]')),
    "renamed": edited(APP, ("def a():", "def alpha():")),
    "removed": edited(APP, ('@app.route("/a")\ndef a(): return "a" + g.log\n', "")),
    "added": APP + '\n@app.route("/c")\ndef c(): return "c"\n',
    "hooks swapped": edited(
        APP, ("def first", "def temp"), ("def second", "def first"), ("def temp", "def second")
    ),
    "hook edited": edited(APP, ('def first(): g.log = "1"', 'def first(x=1): g.log = "0"')),
    "handler": edited(APP, ("errorhandler(404)", "errorhandler(405)")),
    "filter renamed": edited(APP, ("def shout", "def loud")),
    "command renamed": edited(APP, ("def seed", "def plant")),
    "constructor": edited(APP, ("Flask(__name__)", 'Flask(__name__, static_url_path="/st")')),
}


@pytest.mark.parametrize("kind", EDITS)
def test_edits(kind: str) -> None:
    """Compared with a fresh import, there and back, while the app has served requests."""
    live = Driven(APP)
    app = live.app
    config = app.config
    app.config["LIVE"] = 1
    for source in (EDITS[kind], APP, EDITS[kind]):
        answers(app)
        live.edit(source)
        want = fresh(source, live.module.__name__).app
        assert live.app is app
        assert table(app) == table(want)
        assert answers(app) == answers(want)
        assert sorted(app.cli.commands) == sorted(want.cli.commands)
        assert set(app.jinja_env.filters) == set(want.jinja_env.filters)
        assert app.config is config
        assert app.config["LIVE"] == 1
        assert app.test_client().get("/static/none").status_code == 404
        assert app.json.dumps({"a": 1})


BLUEPRINT = """
from flask import Blueprint, Flask

bp = Blueprint("bp", __name__)

@bp.route("/x")
def x(): return "x"

@bp.before_request
def hook(): pass

app = Flask(__name__)
app.register_blueprint(bp, url_prefix="/bp")

@app.route("/a")
def a(): return "a"
"""


def test_blueprint_prefix() -> None:
    """A changed register_blueprint replays what fills the app."""
    live = Driven(BLUEPRINT)
    answers(live.app)
    for source in (BLUEPRINT.replace('"/bp"', '"/bq"'), BLUEPRINT):
        live.edit(source)
        assert table(live.app) == table(fresh(source, live.module.__name__).app)
        assert answers(live.app) == answers(fresh(source, live.module.__name__).app)


def test_blueprint_definitions() -> None:
    """A blueprint takes changed definitions after it was registered; it says that its includers must follow."""
    from hotswap.live import adapters
    from hotswap.live.adapters.base import Ran
    from hotswap.live.journal import Journal

    module = fresh(BLUEPRINT)
    [adapter] = [a for a in adapters.active() if a.owns(module.bp)]
    token = adapter.checkpoint(module.bp, Journal())
    ran = Ran(module.__name__, {"x"}, set(), ["x", "hook"], replayed=False)
    assert adapter.in_place(module.bp, token, ran)
    exec('@bp.route("/y")\ndef x(): return "y"\n', module.__dict__)
    assert adapter.settle(module.bp, token, ran)
    assert adapter.copies()
    assert len(module.bp.deferred_functions) == 1
    assert module.bp._got_registered_once


@pytest.mark.parametrize("last", ["app.route(1 / 0)", "1 / 0"])
def test_a_fault_leaves_the_app_as_it_was(last: str) -> None:
    """A rebuild, and entries replaced in place, leave nothing behind."""
    live = Driven(APP)
    was = (table(live.app), answers(live.app))
    with pytest.raises(ZeroDivisionError):
        live.edit(APP.replace('"/a"', '"/aa"').replace("def b(n)", "def c(n)") + f"\n{last}\n")
    assert (table(live.app), answers(live.app)) == was
    assert live.app._got_first_request


def test_extensions_are_refused() -> None:
    """A rebuild would lose what an extension hooked in when it was made."""
    live = Driven(APP)
    live.app.extensions["db"] = object()
    live.edit(EDITS["path"])
    with pytest.raises(Refused, match="db"):
        live.edit(EDITS["constructor"])
    assert table(live.app) == table(fresh(EDITS["path"], live.module.__name__).app)


def test_quart() -> None:
    pytest.importorskip("quart")
    source = APP.replace(
        "from flask import Blueprint, Flask, g", "from quart import Blueprint, Quart as Flask, g"
    )
    live = Driven(source)
    app = live.app
    live.edit(source.replace('"/a"', '"/aa"'))
    assert live.app is app
    assert table(app) == table(fresh(source.replace('"/a"', '"/aa"'), live.module.__name__).app)


def test_static_and_templates(tmp_path: Any) -> None:
    from hotswap.live import adapters

    source = f"""
from flask import Flask
app = Flask(__name__, root_path={str(tmp_path)!r}, static_folder="static", template_folder="tpl")
"""
    (tmp_path / "static").mkdir()
    module = fresh(source)
    [adapter] = [a for a in adapters.active() if a.owns(module.app)]
    assert adapter.served(module.app) == [("/static/", str(tmp_path / "static"))]
    assert adapter.templates({"m": module}) == [str(tmp_path / "tpl")]
