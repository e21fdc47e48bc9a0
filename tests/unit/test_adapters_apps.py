"""Whole apps through the Swapper: a shop of seven modules, edited and back, compared with a fresh import.

What is compared: routes in order, the OpenAPI document, middleware, exception handlers, and answers to requests.
"""

from __future__ import annotations

import importlib
import itertools
import random
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("pydantic_settings")

from fastapi.testclient import TestClient

from hotswap.swapper import Swapper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHOP = {
    "__init__.py": "",
    "settings.py": """
LIMIT = 10
PREFIX = "/items"
TITLE = "shop"
""",
    "models.py": '''
from enum import Enum
from pydantic import BaseModel

class Kind(str, Enum):
    a = "a"
    b = "b"

class Item(BaseModel):
    """An item."""
    name: str
    price: float = 1.0
    kind: Kind = Kind.a

class Out(Item):
    id: int = 0
''',
    "deps.py": """
from fastapi import Header
from .settings import LIMIT

def page(skip: int = 0, limit: int = LIMIT):
    return {"skip": skip, "limit": limit}

async def token(x_token: str = Header("none")):
    return x_token

class Pager:
    def __init__(self, n: int = 1):
        self.n = n
""",
    "routers/__init__.py": "",
    "routers/items.py": '''
from fastapi import APIRouter, Depends
from ..models import Item, Out
from ..deps import page, token, Pager
from ..settings import PREFIX

router = APIRouter(prefix=PREFIX, tags=["items"])
seen = []

@router.get("/")
def list_items(p: dict = Depends(page)):
    """List them."""
    return p

@router.get("/pager")
def pager(p: Pager = Depends()):
    return p.n

@router.post("/", response_model=Out, status_code=201)
def create(item: Item, t: str = Depends(token)):
    return {**item.model_dump(), "id": len(t)}

@router.get("/{name}")
def one(name: str):
    return {"one": name}
''',
    "routers/users.py": """
from fastapi import APIRouter, Depends
from ..deps import token

router = APIRouter(dependencies=[Depends(token)])

@router.get("/me")
async def me():
    return "me"

@router.get("/{uid}")
async def user(uid: int):
    return uid
""",
    "main.py": '''
from contextlib import asynccontextmanager
from fastapi import FastAPI, HTTPException, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, PlainTextResponse
from .models import Item
from .routers import items, users
from .settings import LIMIT, TITLE

class Oops(Exception):
    pass

@asynccontextmanager
async def lifespan(app):
    app.state.log = ["up"]
    yield
    app.state.log.append("down")

app = FastAPI(title=TITLE, lifespan=lifespan)
app.state.count = 0
origins = ["http://a"]
app.add_middleware(CORSMiddleware, allow_origins=origins)

@app.middleware("http")
async def stamp(request: Request, call_next):
    r = await call_next(request)
    r.headers["x-stamp"] = "1"
    return r

@app.exception_handler(Oops)
async def oops(request, exc):
    return JSONResponse({"oops": 1}, status_code=418)

app.include_router(items.router)
app.include_router(users.router, prefix="/users", tags=["users"])

@app.get("/")
def root(request: Request):
    """Root."""
    return {"limit": LIMIT}

@app.get("/boom")
def boom():
    raise Oops

sub = FastAPI(title="sub")

@sub.get("/x")
def sub_x(): return "x"

app.mount("/sub", sub)

@app.get("/{rest:path}")
def rest(rest: str): return {"rest": rest}
''',
}

ONE = '@router.get("/{name}")\ndef one(name: str):\n    return {"one": name}\n'
PAGER = '@router.get("/pager")\ndef pager(p: Pager = Depends()):\n    return p.n\n'
OOPS = """@app.exception_handler(Oops)
async def oops(request, exc):
    return JSONResponse({"oops": 1}, status_code=418)
"""
USERS = 'app.include_router(users.router, prefix="/users", tags=["users"])\n'
ITEMS = "app.include_router(items.router)\n"
SECOND = """@app.middleware("http")
async def second(request: Request, call_next):
    r = await call_next(request)
    r.headers["x-stamp"] += "b"
    return r

"""

EDITS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "a constant that a default reads": ("settings", (("LIMIT = 10", "LIMIT = 20"),)),
    "a constant that a prefix reads": ("settings", (('"/items"', '"/things"'),)),
    "a constant that the app reads": ("settings", (('"shop"', '"store"'),)),
    "model field added": ("models", (("    price:", "    stock: int = 5\n    price:"),)),
    "model field type": ("models", (("price: float = 1.0", "price: str = 'x'"),)),
    "model docstring": ("models", (("An item.", "Some item."),)),
    "enum member": ("models", (('    b = "b"\n', '    b = "b"\n    c = "c"\n'),)),
    "model default": ("models", (("id: int = 0", "id: int = 7"),)),
    "dependency parameter": ("deps", (("skip: int = 0,", "skip: int = 0, sort: str = 'n',"),)),
    "dependency body": ("deps", (('return {"skip": skip,', 'return {"skipped": skip,'),)),
    "dependency class": ("deps", (("n: int = 1", "n: int = 2, m: int = 3"),)),
    "dependency kind": ("deps", (("async def token", "def token"),)),
    "path": ("routers/items", (('get("/pager")', 'get("/pages")'),)),
    "body": ("routers/items", (('{"one": name}', '{"two": name}'),)),
    "docstring": ("routers/items", (("List them.", "List all."),)),
    "moved": ("routers/items", ((ONE, ""), (PAGER, ONE + "\n" + PAGER))),
    "removed": ("routers/items", ((PAGER, ""),)),
    "added": ("routers/items", ((ONE, '@router.get("/new")\ndef new(): return "new"\n\n' + ONE),)),
    "router tags": ("routers/items", (('tags=["items"]', 'tags=["stuff"]'),)),
    "router dependencies": ("routers/users", (("dependencies=[Depends(token)]", ""),)),
    "endpoint kind": ("routers/users", (("async def me()", "def me()"),)),
    "return annotation": ("routers/users", (("(uid: int):", "(uid: int) -> dict[str, int]:"),)),
    "include prefix": ("main", (('prefix="/users"', 'prefix="/people"'),)),
    "include removed": ("main", ((USERS, ""),)),
    "includes swapped": ("main", ((ITEMS, ""), (USERS, USERS + ITEMS))),
    "middleware body": ("main", (('"x-stamp"] = "1"', '"x-stamp"] = "2"'),)),
    "middleware added": ("main", ((OOPS, SECOND + OOPS),)),
    "middleware removed": (
        "main",
        (("app.add_middleware(CORSMiddleware, allow_origins=origins)\n", ""),),
    ),
    "middleware argument": ("main", (('"http://a"', '"http://b"'),)),
    "handler body": ("main", (("status_code=418", "status_code=419"),)),
    "handler removed": ("main", ((OOPS, ""),)),
    "handler displaces the framework's": (
        "main",
        (
            (
                OOPS,
                OOPS
                + '\n@app.exception_handler(HTTPException)\nasync def http(r, e): return PlainTextResponse("h", 499)\n',
            ),
        ),
    ),
    "parameter": (
        "main",
        (("def root(request: Request):", "def root(request: Request, q: int = 0):"),),
    ),
    "app argument": ("main", (("FastAPI(title=TITLE", "FastAPI(version='2', title=TITLE"),)),
    "sub-app path": ("main", (('@sub.get("/x")', '@sub.get("/y")'),)),
    "mount": ("main", (('"/sub", sub', '"/mnt", sub'),)),
    "endpoint among others": (
        "main",
        (
            (
                '@app.get("/boom")',
                '@app.put("/new")\ndef put(item: Item): return item\n\n@app.get("/boom")',
            ),
        ),
    ),
    "comment": ("main", (("class Oops", "# nothing\nclass Oops"),)),
}

PROBES: tuple[tuple[str, str, Any], ...] = (
    *(
        ("GET", path, None)
        for path in (
            *(
                "/",
                "/boom",
                "/items/",
                "/items/?limit=3",
                "/items/pager?n=4",
                "/items/abc",
                "/items/new",
            ),
            *(
                "/things/",
                "/users/me",
                "/users/3",
                "/people/me",
                "/sub/x",
                "/sub/y",
                "/mnt/x",
                "/nothing/here",
            ),
        )
    ),
    ("POST", "/items/", {"name": "n"}),
    ("POST", "/items/", {"name": "n", "price": "x"}),
    ("POST", "/items/", {"name": "n", "kind": "c", "stock": 3}),
    ("PUT", "/new", {"name": "n"}),
    ("OPTIONS", "/", None),
)

_numbers = itertools.count()


def table(app: Any) -> list[Any]:
    """Give the routes in order, those of routers and sub-apps within."""
    found = []
    for route in app.routes:
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        endpoint = getattr(route, "endpoint", None)
        found.append(
            (
                type(route).__name__,
                getattr(route, "path", None),
                sorted(getattr(route, "methods", None) or ()),
                getattr(endpoint, "__qualname__", None),
                table(inner) if endpoint is None and hasattr(inner, "routes") else None,
            )
        )
    return found


def facts(app: Any) -> dict[str, Any]:
    """Give all that is compared."""
    client = TestClient(app, raise_server_exceptions=False)
    return {
        "routes": table(app),
        "openapi": app.openapi(),
        "middleware": [m.cls.__name__ for m in app.user_middleware],
        "handlers": sorted(map(str, app.exception_handlers)),
        "answers": [
            (
                *probe[:2],
                (
                    response := client.request(
                        *probe[:2], json=probe[2], headers={"origin": "http://a"}
                    )
                ).status_code,
                response.text,
                {k: v for k, v in response.headers.items() if k.startswith(("x-", "access"))},
            )
            for probe in PROBES
        ],
    }


class Shop:
    """The shop as a package below `root`, live, with a Swapper."""

    def __init__(self, root: Path) -> None:
        self.name = f"shop_{next(_numbers)}"
        self.live, self.aside = root / "live", root / "aside"
        self.edits: list[str] = []
        self.files = dict(SHOP)
        self._write(self.live, SHOP)
        sys.path.insert(0, str(self.live))
        self.swapper = Swapper([self.live])
        self.app = importlib.import_module(f"{self.name}.main").app

    def _write(self, root: Path, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = root / self.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def edited(self, kinds: list[str]) -> dict[str, str] | None:
        """Give the sources with these edits; None when two of them exclude one another."""
        files = dict(SHOP)
        for kind in kinds:
            module, pairs = EDITS[kind]
            for old, new in pairs:
                if old not in files[f"{module}.py"]:
                    return None
                files[f"{module}.py"] = files[f"{module}.py"].replace(old, new)
        return files

    def save(self, files: dict[str, str]) -> Any:
        """Write what differs, and swap it as one batch."""
        changed = [name for name in files if files[name] != self.files[name]]
        self._write(self.live, {name: files[name] for name in changed})
        self.files = files
        return self.swapper.apply([self.live / self.name / name for name in changed])

    def fresh(self) -> dict[str, Any]:
        """Give the facts of a fresh import of what is saved."""
        shutil.rmtree(self.aside, ignore_errors=True)
        self._write(self.aside, self.files)
        mine = {n: m for n, m in sys.modules.items() if n.partition(".")[0] == self.name}
        for name in mine:
            del sys.modules[name]
        sys.path.insert(0, str(self.aside))
        importlib.invalidate_caches()
        try:
            return facts(importlib.import_module(f"{self.name}.main").app)
        finally:
            sys.path.remove(str(self.aside))
            for name in [n for n in sys.modules if n.partition(".")[0] == self.name]:
                del sys.modules[name]
            sys.modules.update(mine)

    def swap(self, kinds: list[str]) -> None:
        """Save these edits; the live app must be what a fresh import is."""
        files = self.edited(kinds)
        if files is None:
            return
        outcome = self.save(files)
        assert outcome.ok, (kinds, outcome.reason, outcome.fault)
        got, want = facts(self.app), self.fresh()
        for part, value in want.items():
            assert got[part] == value, (kinds, part)
        assert sys.modules[f"{self.name}.main"].app is self.app
        assert self.app.state.count == 5

    def close(self) -> None:
        self.swapper.close()
        sys.path.remove(str(self.live))
        for name in [n for n in sys.modules if n.partition(".")[0] == self.name]:
            del sys.modules[name]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    shop.app.state.count = 5
    yield shop
    shop.close()


@pytest.mark.parametrize("kind", EDITS)
def test_one_edit_and_back(shop: Shop, kind: str) -> None:
    """Each kind of edit, there and back."""
    facts(shop.app)
    shop.swap([kind])
    shop.swap([])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_batches_of_edits_at_random(shop: Shop, seed: int) -> None:
    """Several edits a batch, from any state to any other."""
    chance = random.Random(seed)
    for _ in range(12):
        shop.swap(chance.sample(sorted(EDITS), chance.choice([0, 1, 2, 3])))


def test_a_batch_that_fails_leaves_the_app_alone(shop: Shop) -> None:
    """The last statement of the last module raises: routes, schema, stack and answers are those of before."""
    before = facts(shop.app)
    stack = shop.app.middleware_stack
    files = shop.edited(
        ["path", "include prefix", "middleware argument", "model field added", "app argument"]
    )
    assert files is not None
    files["main.py"] += "\nraise RuntimeError\n"
    outcome = shop.save(files)
    assert not outcome.ok
    assert outcome.fault is not None
    assert facts(shop.app) == before
    assert shop.app.middleware_stack is stack
    mended = {**files, "main.py": files["main.py"].replace("\nraise RuntimeError\n", "")}
    assert shop.save(mended).ok
    assert facts(shop.app) == shop.fresh()


def test_the_lifespan_runs_on(shop: Shop) -> None:
    """An app that is serving is rebuilt; its lifespan ends as it began."""
    with TestClient(shop.app) as client:
        for kind in ("app argument", "includes swapped", "middleware added"):
            files = shop.edited([kind])
            assert files is not None
            assert shop.save(files).ok
            assert client.get("/users/me").text == '"me"'
            assert shop.app.state.log == ["up"]
    assert shop.app.state.log == ["up", "down"]


def test_a_changed_lifespan_goes_to_exec(shop: Shop) -> None:
    """It has run already: nothing is changed, and the reason says so."""
    files = dict(SHOP)
    files["main.py"] = files["main.py"].replace('["up"]', '["UP"]')
    outcome = shop.save(files)
    assert (outcome.ok, outcome.rung, outcome.fault) == (False, "exec", None)
    assert "lifespan" in outcome.reason
