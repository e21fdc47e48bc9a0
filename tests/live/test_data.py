"""Files that are not code, saved while a server runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.testing import Live, Project

    Start = Callable[..., Live]

pytestmark = pytest.mark.live


def test_the_environment_file_is_followed_and_settings_with_it(
    project: Project, live: Start
) -> None:
    project.write(
        {".env": "LIMIT=1\nGONE=x\nHOME_OF=file\n"},
        main="""
        import os
        from fastapi import FastAPI
        from pydantic_settings import BaseSettings

        class Settings(BaseSettings):
            limit: int
            gone: str = "default"

        settings = Settings()
        held = settings
        app = FastAPI()

        @app.get("/")
        def index():
            return [held.limit, held.gone, os.environ["HOME_OF"], held is settings]
        """,
    )
    server = live("main:app", "--env-file", ".env", env={"HOME_OF": "shell"})
    assert server.get().json() == [1, "x", "shell", True]

    good = server.save(".env", "LIMIT=2\nHOME_OF=new\n")
    then = server.get().json()
    bad = server.save(".env", "LIMIT=many\n")

    assert good["verdict"] == "swapped"
    assert then == [2, "default", "shell", True]
    assert bad["fault"]["code"] == "HS701"
    assert "many" not in bad["fault"]["message"]
    assert server.get().json() == then


def test_what_read_the_environment_follows_its_file(project: Project, live: Start) -> None:
    """Values taken while modules were imported, straight, through a function and from another module."""
    project.write(
        {".env": "NAME=joe\nLIMIT=3\n"},
        config="""
        import os
        from dotenv import load_dotenv

        load_dotenv()
        NAME = os.environ.get("NAME", "nobody")
        OTHER = [os.environ.get("HOTSWAP_NOT_SET")]

        def limit():
            return int(os.getenv("LIMIT", "1"))
        """,
        main="""
        from fastapi import FastAPI
        import config
        from config import NAME

        LIMITS = {"now": config.limit()}
        gathered = []
        app = FastAPI()

        @app.get("/")
        def index():
            gathered.append(1)
            return [NAME, LIMITS, len(gathered), id(config.OTHER)]
        """,
    )
    server = live("main:app")
    name, limits, _, other = server.get().json()
    assert (name, limits) == ("joe", {"now": 3})

    changed = server.save(".env", "NAME=ann\nLIMIT=4\n")
    assert server.get().json() == ["ann", {"now": 4}, 2, other]
    gone = server.save(".env", "")

    assert (changed["rung"], gone["rung"]) == ("reexec", "reexec")
    assert server.get().json() == ["nobody", {"now": 1}, 3, other]


def test_settings_in_a_cache_follow_their_file(project: Project, live: Start) -> None:
    """The pattern of FastAPI's documentation: read at the first request, by pydantic alone."""
    project.write(
        {".env": "APP_NAME=one\n"},
        main="""
        import os
        from functools import lru_cache
        from typing import Annotated
        from fastapi import Depends, FastAPI
        from pydantic_settings import BaseSettings, SettingsConfigDict

        class Settings(BaseSettings):
            model_config = SettingsConfigDict(env_file=".env")
            app_name: str = "none"

        @lru_cache
        def get_settings():
            return Settings()

        app = FastAPI()

        @app.get("/")
        def index(settings: Annotated[Settings, Depends(get_settings)]):
            return [settings.app_name, "APP_NAME" in os.environ]
        """,
    )
    server = live("main:app")
    assert server.get().json() == ["one", False]

    followed = server.save(".env", "APP_NAME=two\n")
    assert (followed["verdict"], followed["notes"]) == ("swapped", ["Settings refreshed in place"])

    assert server.get().json() == ["two", False]


def test_a_file_read_at_import_reruns_what_read_it(project: Project, live: Start) -> None:
    project.write(
        {"rules.json": '{"price": 1}'},
        main="""
        import json
        from pathlib import Path
        from fastapi import FastAPI

        rules = json.loads(Path("rules.json").read_text())
        app = FastAPI()

        @app.get("/")
        def index():
            return rules["price"]
        """,
    )
    server = live("main:app")

    outcome = server.save("rules.json", '{"price": 2}')
    bad = server.save("rules.json", '{"price": ')

    assert outcome["verdict"] == "swapped"
    assert bad["fault"]["code"] == "HS201"
    assert server.get().json() == 2


def test_a_file_that_was_missed_heals_what_missed_it(project: Project, live: Start) -> None:
    """The code was saved before the data that it reads: the fault ends when the file comes."""
    project.write(
        {"one.json": '{"price": 1}'},
        rules="""
        import json
        from pathlib import Path

        RULES = json.loads(Path(__file__).with_name("one.json").read_text())
        """,
        main="""
        from fastapi import FastAPI
        import rules

        app = FastAPI()

        @app.get("/")
        def index():
            return rules.RULES
        """,
    )
    server = live("main:app")

    fault = server.swap("rules.py", "one.json", "two.json")["fault"]
    assert fault["title"].startswith("FileNotFoundError")
    assert server.get().json() == {"price": 1}
    project.write({"two.json": '{"price": 2}'})
    server.wait(lambda event: event.get("verdict") == "swapped")

    assert server.get().json() == {"price": 2}


def test_hooks_hear_of_their_files(project: Project, live: Start) -> None:
    project.write(
        {"rules/a.txt": "one"},
        main="""
        import hotswap
        from fastapi import FastAPI

        app = FastAPI()
        heard = []

        @hotswap.on_file("rules/*.txt")
        def listen(path):
            text = open(path).read()
            if text == "bad":
                raise ValueError("bad rules")
            heard.append(text)

        @hotswap.on_file("rules/*.txt")
        async def later(path):
            heard.append("later")

        @app.get("/")
        def index():
            return heard
        """,
    )
    server = live("main:app")

    outcome = server.save("rules/a.txt", "two")
    bad = server.save("rules/a.txt", "bad")

    assert outcome["verdict"] == "swapped"
    assert (bad["fault"]["code"], bad["fault"]["message"]) == ("HS203", "ValueError: bad rules")
    assert server.get().json() == ["two", "later"]


def test_the_schema_follows_its_files(project: Project, live: Start) -> None:
    project.write(
        {"migrations/1.sql": "CREATE TABLE note (text TEXT);\nINSERT INTO note VALUES ('a');\n"},
        main="""
        import sqlite3
        from fastapi import FastAPI

        app = FastAPI()

        @app.get("/")
        def index():
            return sqlite3.connect("app.db").execute("SELECT * FROM note").fetchall()
        """,
    )
    server = live("main:app", "--migrations", "app.db=migrations/*.sql")
    assert server.get().json() == [["a"]]

    outcome = server.save("migrations/2.sql", "ALTER TABLE note ADD COLUMN who TEXT;\n")
    bad = server.save("migrations/3.sql", "ALTER TABLE nothere ADD COLUMN x;\n")

    assert outcome["verdict"] == "swapped"
    assert (bad["fault"]["code"], bad["fault"]["line"]) == ("HS702", 1)
    assert server.get().json() == [["a", None]]


def test_a_file_of_pages_that_the_code_has_read_is_data_too(project: Project, live: Start) -> None:
    """`PAGE = open("static/page.html").read()` beside a mount of that folder: saved, it is both."""
    project.write(
        {"static/page.html": "<p>one</p>", "static/names.json": '["joe"]'},
        main="""
        import json
        from pathlib import Path
        from fastapi import FastAPI
        from fastapi.staticfiles import StaticFiles

        PAGE = Path("static/page.html").read_text()
        NAMES = json.loads(Path("static/names.json").read_text())
        app = FastAPI()
        app.mount("/static", StaticFiles(directory="static"))

        @app.get("/")
        def index():
            return [PAGE, NAMES]
        """,
    )
    server = live("main:app")
    assert server.get().json() == ["<p>one</p>", ["joe"]]
    assert server.save("static/page.html", "<p>two</p>")["verdict"] == "swapped"
    assert server.save("static/names.json", '["ann"]')["verdict"] == "swapped"
    assert server.get().json() == ["<p>two</p>", ["ann"]]
