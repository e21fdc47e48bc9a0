"""What TARGET means: told from the files first, then from the imported module."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hotswap.options import UsageError
from hotswap.target import AppFailed, as_program, find_app, is_app, is_wsgi, resolve
from hotswap.target.shape import judge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APP = "from fastapi import FastAPI\napp = FastAPI()\n"
OWN = """\
class App:
    async def __call__(self, scope, receive, send):
        pass
"""


@pytest.fixture(name="here")
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory; what is imported from it is forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def write(root: Path, files: dict[str, str] | None = None, **modules: str) -> None:
    for name, text in {
        **(files or {}),
        **{f"{one}.py": text for one, text in modules.items()},
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("shape", "source"),
    [
        (
            "program",
            "import uvicorn\nfrom fastapi import FastAPI\napp = FastAPI()\nuvicorn.run(app)",
        ),
        (
            "program",
            "from asyncio import run\nfrom fastapi import FastAPI\napp = FastAPI()\nrun(serve(app))",
        ),
        ("app", APP),
        ("app", "import fastapi\nservice = fastapi.FastAPI(title='x')"),
        ("app", "from starlette.applications import Starlette as S\napplication: S = S()"),
        ("app", "async def app(scope, receive, send): ..."),
        ("app", "if DEBUG:\n    from fastapi import FastAPI\n    app = FastAPI()"),
        (
            "app",
            "try:\n    from quart import Quart\nexcept ImportError: raise\nx = Quart(__name__)",
        ),
        ("app", APP + "if __name__ == '__main__':\n    import uvicorn\n    uvicorn.run(app)"),
        ("app", "from asgiref.wsgi import WsgiToAsgi\napp = WsgiToAsgi(flask_app)"),
        ("maybe", "from .factory import make\napp = make()"),
        ("maybe", "from .main import app"),
        ("maybe", "def create_app():\n    return 1"),
        ("maybe", "app = Server().app"),
        ("app", "async def handle(scope, receive, send): ..."),
        (
            "program",
            (
                "async def handle(scope, receive, send): ...\n"
                "if __name__ == '__main__':\n    asyncio.run(serve(handle, Config()))"
            ),
        ),
        (
            "app",
            (
                "async def app(scope, receive, send): ...\n"
                "if __name__ == '__main__':\n    uvicorn.run(app)"
            ),
        ),
        ("program", ""),
        ("program", "print('hi')"),
        ("program", "import typer\napp = typer.Typer()\nif __name__ == '__main__':\n    app()"),
        ("program", "from textual.app import App\nclass Mine(App): ...\napp = Mine()\napp.run()"),
        ("program", "app = Game()\nif __name__ == '__main__':\n    app.run()"),
        (
            "program",
            (
                "from flask import Flask\nfrom flask_socketio import SocketIO\napp = Flask('a')\n"
                "socketio = SocketIO(app)\nif __name__ == '__main__':\n    socketio.run(app, port=80)"
            ),
        ),
        ("program", "from fastapi import APIRouter\nrouter = APIRouter()"),
        ("program", "import asyncio\nasync def main(): ...\nasyncio.run(main())"),
        ("program", "if __name__ == '__main__':\n    app = create()\n    app.serve()"),
        ("program", "app = 3"),
        (
            "program",
            "from aiohttp import web\ndef make_app():\n    app = web.Application()\n    return app",
        ),
        (
            "program",
            (
                "from aiohttp import web\nfrom shop import make_app\n"
                "if __name__ == '__main__':\n    web.run_app(make_app(), port=80)"
            ),
        ),
        (
            "maybe",
            (
                "def create_app():\n    import aiohttp\n    from fastapi import FastAPI\n"
                "    return FastAPI(client=aiohttp.ClientSession())"
            ),
        ),
    ],
)
def test_the_text_tells_apps_from_programs(shape: str, source: str) -> None:
    assert judge(ast.parse(source)) == shape


def test_a_module_with_attribute(here: Path) -> None:
    write(here, main="x = 1")

    target = resolve("main:app")

    assert (target.kind, target.modules, target.attribute) == ("asgi", ("main",), "app")
    assert target.import_root == str(here)


def test_a_path_gives_the_dotted_name_below_its_packages(here: Path) -> None:
    packages = {"src/pkg/__init__.py": "", "src/pkg/sub/__init__.py": ""}
    write(here, {**packages, "src/pkg/sub/main.py": APP})

    target = resolve("src/pkg/sub/main.py")

    assert (target.modules, target.import_root) == (("pkg.sub.main",), str(here / "src"))
    assert resolve("src/pkg/sub/main.py:app").attribute == "app"


def test_a_package_is_searched_in_the_documented_order(here: Path) -> None:
    write(here, {f"pkg/{name}.py": APP for name in ("main", "api", "other")})
    write(here, {"pkg/__init__.py": ""})

    assert resolve("pkg").modules == ("pkg.main", "pkg.api")
    assert find_app(resolve("pkg")).name == "pkg.main:app"


def test_the_package_itself_comes_first(here: Path) -> None:
    write(here, {"pkg/__init__.py": "from .web import app", "pkg/web.py": APP, "pkg/main.py": APP})

    assert find_app(resolve("pkg")).name == "pkg:app"


def test_a_directory_is_looked_through_for_the_usual_files(here: Path) -> None:
    write(here, {"service/api.py": APP, "service/tool.py": "print()"})

    target = resolve("./service")

    assert (target.modules, target.import_root) == (("api",), str(here / "service"))


def test_scripts_and_packages_without_an_app_are_programs(here: Path) -> None:
    write(here, {"tool/__init__.py": "", "tool/__main__.py": "print(2)"}, bot="print(1)")

    script, package = resolve("bot.py"), resolve("tool")

    assert (script.kind, script.modules, script.import_root) == ("program", (), str(here))
    assert (package.kind, package.modules) == ("program", ("tool.__main__",))
    assert resolve("bot").modules == ("bot",)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("mian:app", "there is no module 'mian' below .*: did you mean 'main'?"),
        ("pkg.mian", "there is no module 'pkg.mian' .*: did you mean 'pkg.main'?"),
        ("main.app", "there is no module 'main.app' .*: did you mean 'main:app'?"),
        ("mian.py", "there is no file mian.py: did you mean 'main.py'?"),
        ("main:", "an attribute is missing after the colon"),
        ("a-b", "'a-b' is neither a module, nor module:attribute, nor a file"),
        ("pkg", "the package pkg holds no app .* and no __main__.py; name the app: hotswap pkg."),
        ("empty/", "the directory empty/ holds neither a package nor one of main.py, app.py"),
    ],
)
def test_what_is_not_there_is_told_with_the_nearest_name(
    here: Path, given: str, message: str
) -> None:
    write(here, {"pkg/__init__.py": "", "pkg/main.py": "x = 1"}, main=APP)
    (here / "empty").mkdir()

    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        resolve(given)


def test_names_come_before_the_only_app(here: Path) -> None:
    write(here, one=OWN + "first = App()\napi = App()\n", two=OWN + "mine = App()\n")

    assert find_app(resolve("one")).attribute == "api"
    assert find_app(resolve("two:mine")).attribute == "mine"


def test_two_apps_under_other_names_are_not_chosen_between(here: Path) -> None:
    write(here, three=OWN + "async def app2(scope, receive, send): ...\na = App()\nb = App()\n")

    with pytest.raises(AppFailed) as raised:
        find_app(resolve("three", factory=False))

    assert raised.value.fault.code == "HS602"


def test_a_factory_is_called(here: Path) -> None:
    write(here, made=OWN + "def build():\n    return App()\ndef create_app():\n    return App()\n")

    named = find_app(resolve("made:build", factory=True), factory=True)
    found = find_app(resolve("made"))

    assert named.name == "made:build"
    assert named.made
    assert type(named.app).__name__ == "App"
    assert found.attribute == "create_app"


def test_a_factory_without_the_flag_is_noticed(here: Path) -> None:
    write(here, loose=OWN + "def build():\n    return App()\n")

    assert find_app(resolve("loose:build")).made


def failed(given: str) -> Any:
    with pytest.raises(AppFailed) as raised:
        find_app(resolve(given))
    return raised.value.fault


def test_a_module_that_raises_shows_the_users_frames_only(here: Path) -> None:
    write(
        here,
        broken="def deep():\n    raise ValueError('no')\nasync def app(s, r, t): ...\ndeep()\n",
    )

    fault = failed("broken:app")

    assert fault.title == "broken raised while it was imported"
    assert fault.message == "ValueError: no"
    assert [(frame.function, frame.line) for frame in fault.frames] == [
        ("<module>", 4),
        ("deep", 2),
    ]
    assert all(frame.path.startswith(str(here)) for frame in fault.frames)


def test_a_missing_import_is_told_apart_from_a_missing_target(here: Path) -> None:
    write(here, asks="import nosuchthing\n")

    fault = failed("asks:app")

    assert fault.title == "asks imports nosuchthing, which is not there"
    assert fault.line == 1


def test_a_syntax_error_keeps_its_own_code(here: Path) -> None:
    write(here, odd="def f(:\n")

    fault = failed("odd:app")

    assert (fault.code, fault.line) == ("HS101", 1)


def test_a_wrong_attribute_suggests_the_nearest(here: Path) -> None:
    write(here, named=OWN + "application = App()\n")

    assert failed("named:aplication").message == (
        "named has no 'aplication': did you mean 'application'?"
    )


def test_leaving_by_sys_exit_is_a_failed_start(here: Path) -> None:
    write(here, leaves="import sys\nasync def app(scope, receive, send): ...\nsys.exit(3)\n")

    assert failed("leaves").message == "SystemExit: 3"


def test_what_read_like_an_app_may_be_a_program_after_all(here: Path) -> None:
    write(here, game="class Game: ...\ndef make():\n    return Game()\napp = make()\n")

    target = resolve("game.py")
    program = as_program(target)

    assert not target.sure
    assert program is not None
    assert (program.kind, program.modules) == ("program", ())
    assert as_program(resolve("game:app")) is None


def test_parts_of_apps_are_no_apps() -> None:
    from fastapi import APIRouter, FastAPI
    from starlette.responses import PlainTextResponse
    from starlette.staticfiles import StaticFiles

    assert is_app(FastAPI())
    assert not is_app(FastAPI)
    assert not is_app(APIRouter())
    assert not is_app(PlainTextResponse("x"))
    assert not is_app(StaticFiles(directory="."))
    assert not is_app(None)


def test_wsgi_apps_are_known_by_their_framework() -> None:
    from flask import Flask

    assert is_wsgi(Flask("x"))
    assert not is_wsgi(Flask)
    assert not is_wsgi(pytest.importorskip("quart").Quart("x"))
    assert not is_wsgi("x")


def test_what_is_named_must_be_an_app(here: Path) -> None:
    write(here, main=APP + "version = 3\n")

    with pytest.raises(AppFailed) as caught:
        find_app(resolve("main:version"))

    assert caught.value.fault.code == "HS602"
    assert "main:version is of type int" in caught.value.fault.message
    assert "there is app" in caught.value.fault.message
