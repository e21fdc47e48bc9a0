"""Frameworks that freeze their tables say so, instead of being half changed."""

from __future__ import annotations

import pytest

from hotswap.live import adapters
from hotswap.live.adapters.base import Refused
from hotswap.live.journal import Journal
from tests.unit.adapters_driver import Driven

AIOHTTP = """
from aiohttp import web

routes = web.RouteTableDef()

@routes.get("/a")
async def a(request): return web.Response(text="a")

app = web.Application()
app.add_routes(routes)
"""

LITESTAR = """
from litestar import Controller, Litestar, get

@get("/a")
async def a() -> str: return "a"

class Things(Controller):
    path = "/things"

    @get("/x")
    async def x(self) -> str: return "x"

app = Litestar([a, Things])
"""


@pytest.mark.parametrize(
    ("framework", "source", "registries", "edit"),
    [
        ("aiohttp", AIOHTTP, ("routes", "app"), ('"/a"', '"/b"')),
        ("aiohttp", AIOHTTP, ("routes", "app"), ("app.add_routes(routes)\n", "")),
        ("litestar", LITESTAR, ("app", "a", "Things"), ("[a, Things]", "[a]")),
    ],
)
def test_structure_is_refused(
    framework: str, source: str, registries: tuple[str, ...], edit: tuple[str, str]
) -> None:
    """Each registry is owned and fixed, with a reason that names the framework; nothing has changed."""
    pytest.importorskip(framework)
    live = Driven(source)
    for name in registries:
        owner = adapters.owner(getattr(live, name), adapters.active())
        assert owner is not None
        assert framework in owner.fixed(getattr(live, name)).lower()
    names = dict(live.module.__dict__)
    with pytest.raises(Refused, match=f"(?i){framework}"):
        live.edit(source.replace(*edit))
    assert live.module.__dict__ == names


def test_handlers_are_not_registries() -> None:
    """Plain functions and classes stay with the engine."""
    pytest.importorskip("aiohttp")
    live = Driven(AIOHTTP + "\nclass Plain: pass\n")
    for name in ("a", "Plain", "web"):
        assert adapters.owner(getattr(live, name), adapters.active()) is None


def test_all_of_it_refuses() -> None:
    pytest.importorskip("aiohttp")
    live = Driven(AIOHTTP)
    owner = adapters.owner(live.app, adapters.active())
    assert owner is not None
    owner.checkpoint(live.app, Journal())
    for refuse in (
        lambda: owner.reset(live.app),
        lambda: owner.adopt(live.app, live.app, None, Journal()),
        lambda: owner.settle(live.app, None, None),  # type: ignore[arg-type]
    ):
        with pytest.raises(Refused):
            refuse()
    assert owner.copies()
