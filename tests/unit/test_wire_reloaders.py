"""Reloaders of werkzeug and Django, under hotswap, run what they are given in this very process."""

from __future__ import annotations

import importlib
import sys

import pytest

from hotswap.wire import reloaders


@pytest.mark.parametrize(
    ("name", "patch", "arguments"),
    [
        ("werkzeug._reloader", reloaders.werkzeug, {"extra_files": None, "interval": 1}),
        ("django.utils.autoreload", reloaders.django, {"addrport": "8000"}),
    ],
)
def test_what_would_run_in_a_child_runs_here(
    name: str, patch: object, arguments: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(name.partition(".")[0])
    module = importlib.import_module(name)
    monkeypatch.setattr(module, "run_with_reloader", module.run_with_reloader)  # put back after
    monkeypatch.setattr(sys, "exit", lambda *_: pytest.fail("it went its own way"))
    ran: list[dict[str, object]] = []

    patch(module)  # type: ignore[operator]
    module.run_with_reloader(lambda **given: ran.append(given), **arguments)

    assert len(ran) == 1
