"""FastAPI's documented apps, tutorial N swapped onto N + 1 and back; OpenAPI and responses compared with fresh imports.

``python -m tests.history.examples FOLDER WORK`` takes the ``tutorial*.py`` of a folder in order and prints one JSON
object. fastapi is imported once; each trial is a fork of that process.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import traceback
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.history.verdict import Verdict, differences, stable

if TYPE_CHECKING:
    from collections.abc import Callable

MODULE = "example"
ASKED = ("get", "post", "put", "patch", "delete")
BODIES: tuple[Any, ...] = (None, {}, {"name": "Foo", "price": 35.4, "username": "foo", "id": 1})


def describe(app: Any) -> dict[str, Any]:
    """Describe an app by its OpenAPI and by what it answers to simple requests."""
    from starlette.testclient import TestClient

    client = TestClient(app, raise_server_exceptions=False, base_url="http://localhost")
    answers: dict[str, Any] = {}
    schema = json.loads(json.dumps(app.openapi()))
    for path, operations in [*schema.get("paths", {}).items(), ("/", {"get": {}})]:
        filled = re.sub(r"\{[^}]+\}", "1", path)
        for method in ASKED:
            if method not in operations:
                continue
            for body in BODIES if method != "get" else BODIES[:1]:
                response = client.request(method, filled, json=body, follow_redirects=False)
                answers[f"{method} {path} {body}"] = [response.status_code, response.text]
    routes = [
        [type(r).__name__, getattr(r, "path", ""), getattr(r, "name", "")] for r in app.routes
    ]
    return {"openapi": schema, "answers": answers, "routes": routes}


def import_example() -> Any:
    """Import the example that lies in the working folder; give its app."""
    importlib.invalidate_caches()
    return importlib.import_module(MODULE).app


def apart(work: Callable[[], Any]) -> Any:
    """Do `work` in a fork of this process; give what it returned, or ``{"raised": text}``."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reader)
        try:
            result = work()
        except Exception:
            result = {"raised": traceback.format_exc(limit=-3)}
        with os.fdopen(writer, "w") as file:
            json.dump(result, file, default=repr)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        text = file.read()
    os.waitpid(pid, 0)
    return json.loads(text or "null")


def swapped(target: Path, old: str, new: str) -> list[dict[str, Any]]:
    """Import `old`, swap `new` in, swap `old` back in; describe the app after each."""
    from hotswap.swapper import Swapper

    target.write_text(old)
    swapper = Swapper([target.parent])
    describe(import_example())  # caches are warm, the middleware stack is built
    ways: list[dict[str, Any]] = []
    for text in (new, old):
        target.write_text(text)
        outcome = swapper.apply([target])
        fault = outcome.fault and f"{outcome.fault.title}: {outcome.fault.message}"
        ways.append({"ok": outcome.ok, "fault": fault, "reason": outcome.reason, "ms": outcome.ms})
        if not outcome.ok:
            break
        ways[-1]["lives"] = describe(sys.modules[MODULE].app)
    return ways


def judge(way: dict[str, Any], wanted: Any) -> Verdict:
    """Compare one swap with a fresh import."""
    if way["fault"]:
        return Verdict("fault", (way["fault"],), way["ms"])
    if not way["ok"]:
        return Verdict("refused", (way["reason"],), way["ms"])
    rows = differences(way["lives"], wanted)
    return Verdict("WRONG" if rows else "exact", tuple(rows), way["ms"])


def replay_folder(folder: Path, work: Path) -> dict[str, Verdict]:
    """Replay the tutorials of one folder; give verdicts by ``tutorial001 -> tutorial002``."""
    importlib.import_module("fastapi.testclient")
    target = work / f"{MODULE}.py"
    sys.path.insert(0, str(work))
    os.chdir(work)
    texts: dict[str, str] = {}
    wanted: dict[str, Any] = {}
    for path in sorted(folder.glob("tutorial*.py")):
        texts[path.stem] = path.read_text()
        target.write_text(texts[path.stem])
        one, other = (apart(lambda: describe(import_example())) for _ in range(2))
        wanted[path.stem] = stable(one, other)
    found: dict[str, Verdict] = {}
    usable = [stem for stem in texts if wanted[stem] and "raised" not in wanted[stem]]
    for old, new in pairwise(usable):
        ways = apart(lambda old=old, new=new: swapped(target, texts[old], texts[new]))  # type: ignore[misc]
        if isinstance(ways, dict):
            found[f"{old} -> {new}"] = Verdict("fault", (ways["raised"],))
            continue
        for way, (a, b) in zip(ways, ((old, new), (new, old)), strict=False):
            found[f"{a} -> {b}"] = judge(way, wanted[b])
    return found


def main() -> None:
    """Replay one folder, print the verdicts."""
    sys.dont_write_bytecode = True
    folder, work = map(Path, sys.argv[1:])
    found = replay_folder(folder, work)
    print(json.dumps({way: [v.word, v.details, v.ms] for way, v in found.items()}))


if __name__ == "__main__":
    main()
