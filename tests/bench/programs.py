"""What `tests.bench.engine` edits: modules of any length, an app of 200 routes, a program of any number of modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROUTERS: Final = 10
ROUTES: Final = 20
"""In each router."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of edit in one program."""

    write: Callable[[Path], None]
    module: str
    """What to import."""
    file: str
    """What is edited, below the program's folder."""
    edit: Callable[[str, int], str]
    """``(text, number of the round) -> text``."""
    objects: int = 0
    """Objects on the heap besides."""
    peers: tuple[str, ...] = ("hotswap", "jurigged", "importlib.reload")


def module_of(lines: int) -> str:
    """Give a module of about so many lines, ``answer`` first."""
    functions = (
        f"def function_{n}(x: int, y: int = 3) -> int:\n"
        f"    z = x + {n} * y\n"
        "    if z > 10:\n"
        "        return max(q * 2 for q in range(z))\n"
        "    return z\n"
        for n in range(max(1, lines // 7))
    )
    return "def answer() -> int:\n    return 0\n\n\n" + "\n\n".join(functions)


def one_module(lines: int) -> Callable[[Path], None]:
    """Give what writes ``edited.py``."""
    return lambda folder: _write(folder / "edited.py", module_of(lines))


def many_modules(count: int) -> Callable[[Path], None]:
    """Give what writes a package of so many modules, each of about 20 lines."""

    def write(folder: Path) -> None:
        for number in range(count):
            _write(folder / "many" / f"part{number}.py", module_of(20))
        imports = "".join(f"from many import part{number}\n" for number in range(count))
        _write(folder / "many" / "__init__.py", "")
        _write(folder / "many" / "main.py", imports)

    return write


def routes(folder: Path) -> None:
    """Write an app of 200 routes in ten routers, all of which use one constant and one dependency."""
    package = folder / "routed"
    _write(package / "__init__.py", "")
    _write(package / "settings.py", "LIMIT = 0\n")
    _write(package / "needed.py", "def needed() -> int:\n    return 0\n")
    for router in range(ROUTERS):
        endpoints = (
            f"@router.get('/{router}/{n}/{{item}}')\n"
            f"async def get_{router}_{n}(item: int, limit: int = LIMIT, need: int = Depends(needed))"
            " -> dict[str, int]:\n"
            "    return {'n': 0, 'item': item, 'limit': limit, 'need': need}\n"
            for n in range(ROUTES)
        )
        _write(
            package / f"router{router}.py",
            "from fastapi import APIRouter, Depends\nfrom routed.needed import needed\n"
            "from routed.settings import LIMIT\n\nrouter = APIRouter()\n\n\n"
            + "\n\n".join(endpoints),
        )
    names = ", ".join(f"router{n}" for n in range(ROUTERS))
    includes = "".join(f"app.include_router(router{n}.router)\n" for n in range(ROUTERS))
    _write(
        package / "main.py",
        f"from fastapi import FastAPI\nfrom routed import {names}\n\napp = FastAPI()\n{includes}",
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def body(text: str, number: int) -> str:
    """Change what ``answer`` returns."""
    return text.replace(f"return {number - 1}\n", f"return {number}\n", 1)


def line_added(text: str, number: int) -> str:
    """Add a line at the top: every definition moves."""
    return f"# {number}\n{text}"


def endpoint_body(text: str, number: int) -> str:
    """Change the first endpoint's body."""
    return text.replace(f"{{'n': {number - 1},", f"{{'n': {number},", 1)


def signature(text: str, number: int) -> str:
    """Give the first endpoint another parameter."""
    if number == 1:
        return text.replace("(item: int,", "(item: int, q1: int = 0,", 1)
    return text.replace(f"q{number - 1}: int", f"q{number}: int", 1)


def constant(text: str, number: int) -> str:
    """Change the constant that all routes use."""
    return text.replace(f"LIMIT = {number - 1}\n", f"LIMIT = {number}\n")


OURS: Final = ("hotswap", "importlib.reload")
"""jurigged needs a second for a line at the top of 1,000 lines, two minutes of 10,000; structure it does not follow."""
SCENARIOS: Final = {
    "body, 100 lines": Scenario(one_module(100), "edited", "edited.py", body),
    "body, 1,000 lines": Scenario(one_module(1000), "edited", "edited.py", body),
    "body, 10,000 lines": Scenario(one_module(10_000), "edited", "edited.py", body, peers=OURS),
    "line at the top, 1,000 lines": Scenario(
        one_module(1000), "edited", "edited.py", line_added, peers=OURS
    ),
    "line at the top, 10,000 lines": Scenario(
        one_module(10_000), "edited", "edited.py", line_added, peers=OURS
    ),
    "body, 100,000 objects more": Scenario(one_module(100), "edited", "edited.py", body, 10**5),
    "body, 1,000,000 objects more": Scenario(one_module(100), "edited", "edited.py", body, 10**6),
    "body, 10 modules": Scenario(many_modules(10), "many.main", "many/part0.py", body),
    "body, 1,000 modules": Scenario(many_modules(1000), "many.main", "many/part0.py", body),
    "200 routes, endpoint's body": Scenario(
        routes, "routed.main", "routed/router3.py", endpoint_body
    ),
    "200 routes, signature": Scenario(
        routes, "routed.main", "routed/router3.py", signature, peers=("hotswap",)
    ),
    "200 routes, constant all use": Scenario(
        routes, "routed.main", "routed/settings.py", constant, peers=("hotswap",)
    ),
    "200 routes, dependency's body": Scenario(routes, "routed.main", "routed/needed.py", body),
}
