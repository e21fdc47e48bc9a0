"""Saved templates show, also where the environment would not look again by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotswap.live import adapters

if TYPE_CHECKING:
    from pathlib import Path


def _save(path: Path, text: str) -> None:
    path.write_text(text)
    for adapter in adapters.active():
        adapter.saved([str(path)])


def test_a_flask_app_that_is_not_in_debug_mode(tmp_path: Path) -> None:
    flask = pytest.importorskip("flask")
    (tmp_path / "templates").mkdir()
    base = tmp_path / "templates" / "base.html"
    base.write_text("1 {% block b %}{% endblock %}")
    (tmp_path / "templates" / "page.html").write_text(
        "{% extends 'base.html' %}{% block b %}x{% endblock %}"
    )
    app = flask.Flask("shop", root_path=str(tmp_path))
    with app.app_context():
        assert flask.render_template("page.html") == "1 x"
        _save(base, "2 {% block b %}{% endblock %}")
        assert flask.render_template("page.html") == "2 x"


@pytest.mark.parametrize("size", [400, -1, 0])
def test_an_environment_that_does_not_look_again(tmp_path: Path, size: int) -> None:
    jinja2 = pytest.importorskip("jinja2")
    page = tmp_path / "page.html"
    page.write_text("1")
    loader = jinja2.FileSystemLoader(tmp_path)
    environment = jinja2.Environment(loader=loader, auto_reload=False, cache_size=size)
    assert environment.get_template("page.html").render() == "1"
    _save(page, "2")
    assert environment.get_template("page.html").render() == "2"


def test_one_that_looks_by_itself_keeps_what_it_has_compiled(tmp_path: Path) -> None:
    jinja2 = pytest.importorskip("jinja2")
    (tmp_path / "page.html").write_text("1")
    (tmp_path / "other.html").write_text("other")
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(tmp_path))
    other = environment.get_template("other.html")
    _save(tmp_path / "page.html", "2")
    assert environment.get_template("other.html") is other
