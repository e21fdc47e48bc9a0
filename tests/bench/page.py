"""Save -> effect in the page: CSS, script, template, Python; beside Vite (CSS, script) and arel (template, Python).

Each page polls for the wanted effect with a one-millisecond timer, which goes on after a reload, and notes the wall
clock; the same machine wrote the file. Rounds are interleaved. Peers that cannot be installed here are left out, and
the result says so.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.support import PATIENCE, free_port, summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

HOTSWAP = """\
from fastapi import FastAPI, Request
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

app = FastAPI()
app.mount("/static", StaticFiles(directory="static"))
templates = Jinja2Templates(directory="templates")


def word():
    return "python 0"


@app.get("/")
async def index(request: Request):
    return templates.TemplateResponse(request, "index.html", {"word": word()})
"""
AREL = """\
from contextlib import asynccontextmanager

import arel
from fastapi import FastAPI, Request
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.routing import WebSocketRoute

hot = arel.HotReload(paths=[arel.Path("templates"), arel.Path("static")])


@asynccontextmanager
async def lifespan(_):
    await hot.startup()
    yield
    await hot.shutdown()


app = FastAPI(lifespan=lifespan)
app.router.routes.append(WebSocketRoute("/hot-reload", hot, name="hot-reload"))
app.mount("/static", StaticFiles(directory="static"))
templates = Jinja2Templates(directory="templates")
templates.env.globals["hot"] = hot


def word():
    return "python 0"


@app.get("/")
async def index(request: Request):
    return templates.TemplateResponse(request, "index.html", {"word": word()})
"""
INDEX = """\
<!doctype html><html><head><title>bench</title><link rel="stylesheet" href="/static/app.css">
<script type="module" src="/static/app.js"></script></head>
<body><h1 id="title">{{ word }}</h1><p id="text">template 0</p><input id="name">%s</body></html>
"""
AREL_SCRIPT = "{{ hot.script(url_for('hot-reload')) | safe }}"
VITE_INDEX = """\
<!doctype html><html><head><title>bench</title><link rel="stylesheet" href="/app.css">
<script type="module" src="/app.js"></script></head><body><p id="text">x</p><input id="name"></body></html>
"""
CSS = "p { color: rgb(0, 0, 0) }\n"
SCRIPT = "let n = 0;\nfunction say() { return 'script 0' }\nglobalThis.say = say;\nglobalThis.count = () => ++n;\n"
# What each kind of save should make the page show.
PROBES = {
    "css": "getComputedStyle(document.querySelector('#text')).color",
    "script": "globalThis.say?.()",
    "template": "document.querySelector('#text')?.textContent",
    "python": "document.querySelector('#title')?.textContent",
}
POLL = """
const probes = { PROBES };
function watchFor() {
  const timer = setInterval(() => {
    const [kind, value] = JSON.parse(localStorage.getItem('wanted'));
    let now;
    try { now = probes[kind]() } catch { return }
    if (now !== value) return;
    clearInterval(timer);
    localStorage.removeItem('wanted');
    localStorage.setItem('seen', String(performance.timeOrigin + performance.now()));
  }, 1);
}
globalThis.want = (kind, value) => {
  localStorage.removeItem('seen');
  localStorage.setItem('wanted', JSON.stringify([kind, value]));
  watchFor();
};
if (localStorage.getItem('wanted')) watchFor(); // loaded anew meanwhile
""".replace("PROBES", ", ".join(f"{kind}: () => {code}" for kind, code in PROBES.items()))


@dataclass
class Peer:
    """One tool, serving one project, with one page open."""

    name: str
    kinds: tuple[str, ...]
    files: dict[str, Path]
    page: Page
    log: Path

    def measure(self, kind: str, number: int) -> float:
        """Edit the file of `kind` and give the milliseconds until the page shows it."""
        value = f"rgb(0, 0, {number % 250})" if kind == "css" else f"{kind} {number}"
        self.page.evaluate("([kind, value]) => want(kind, value)", [kind, value])
        path = self.files[kind]
        pattern = r"rgb\(0, 0, \d+\)" if kind == "css" else rf"{kind} \d+"
        text = re.sub(pattern, value, path.read_text())
        began = time.time()
        path.write_text(text)
        self.page.wait_for_function("() => localStorage.getItem('seen')", timeout=PATIENCE * 1000)
        seen = float(self.page.evaluate("localStorage.getItem('seen')"))
        return seen - began * 1000


def state_kept(peer: Peer, kind: str, number: int) -> bool:
    """Type something, save, and say whether it is still there."""
    peer.page.fill("#name", "typed")
    peer.measure(kind, number)
    return bool(peer.page.input_value("#name") == "typed")


@contextmanager
def running(command: list[str], folder: Path, port: int) -> Iterator[Path]:
    """Run a server in `folder` until the block ends; gives its log."""
    log = folder / "server.log"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
    try:
        wait_until_it_serves(port, process, log)
        yield log
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:  # uvicorn waits for the page's WebSocket
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until_it_serves(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once a connection is accepted."""
    import socket
    import threading

    pause = threading.Event()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        pause.wait(0.02)
    raise RuntimeError(log.read_text()[-2000:])


def project(folder: Path, main: str, script: str = "") -> dict[str, Path]:
    """Write the FastAPI project; give the file to edit for each kind."""
    for name, text in {
        "main.py": main,
        "templates/index.html": INDEX % script,
        "static/app.css": CSS,
        "static/app.js": SCRIPT,
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {
        "css": folder / "static/app.css",
        "script": folder / "static/app.js",
        "template": folder / "templates/index.html",
        "python": folder / "main.py",
    }


def open_page(browser: Browser, port: int) -> Page:
    """Open the front page of a server, with the poll in it."""
    context = browser.new_context()
    context.add_init_script(POLL)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{port}/")
    page.wait_for_function("() => globalThis.say?.() === 'script 0'")
    return page


def hotswap(stack: ExitStack, browser: Browser, folder: Path) -> Peer:
    """Serve with hotswap."""
    files, port = project(folder, HOTSWAP), free_port()
    log = stack.enter_context(
        running([sys.executable, "-m", "hotswap", "main:app", "--port", str(port)], folder, port)
    )
    page = open_page(browser, port)
    page.wait_for_function("() => globalThis.__hotswap__?.connected")
    return Peer("hotswap", ("css", "script", "template", "python"), files, page, log)


def arel(stack: ExitStack, browser: Browser, folder: Path) -> Peer:
    """Serve with uvicorn --reload and arel, as its README has it."""
    files, port = project(folder, AREL, AREL_SCRIPT), free_port()
    command = [sys.executable, "-m", "uvicorn", "main:app", "--reload", "--port", str(port)]
    log = stack.enter_context(running(command, folder, port))
    return Peer("arel", ("template", "python"), files, open_page(browser, port), log)


def vite(stack: ExitStack, browser: Browser, folder: Path) -> Peer:
    """Serve with Vite's development server, installed from npm."""
    folder.mkdir(parents=True)
    for name, text in {
        "index.html": VITE_INDEX,
        "app.css": CSS,
        "app.js": SCRIPT,
        "package.json": "{}",
    }.items():
        (folder / name).write_text(text)
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--silent", "vite"],
        cwd=folder,
        check=True,
        timeout=300,
    )
    port = free_port()
    command = ["node_modules/.bin/vite", "--port", str(port), "--strictPort", "--host", "127.0.0.1"]
    log = stack.enter_context(running(command, folder, port))
    files = {"css": folder / "app.css", "script": folder / "app.js"}
    return Peer("vite", ("css", "script"), files, open_page(browser, port), log)


QUICK = {"rounds": 3}


def measure(rounds: int = 15) -> dict[str, object]:
    """Edit each kind of file under each tool in turn; milliseconds by kind and tool."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import ARGUMENTS

    chromium = os.environ.get("HOTSWAP_CHROMIUM") or shutil.which("chromium")
    times: dict[str, dict[str, list[float]]] = {kind: {} for kind in PROBES}
    kept: dict[str, dict[str, bool]] = {kind: {} for kind in PROBES}
    missing = []
    with (
        sync_playwright() as playwright,
        ExitStack() as stack,
        tempfile.TemporaryDirectory() as name,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        stack.callback(browser.close)
        peers = [hotswap(stack, browser, Path(name) / "hotswap")]
        if shutil.which("npm"):
            peers.append(vite(stack, browser, Path(name) / "vite"))
        else:
            missing.append("vite")
        if find_spec("arel"):
            peers.append(arel(stack, browser, Path(name) / "arel"))
        else:
            missing.append("arel")
        for number in range(1, rounds + 1):
            for kind in PROBES:
                for peer in peers:
                    if kind in peer.kinds:
                        times[kind].setdefault(peer.name, []).append(peer.measure(kind, number))
        for kind in PROBES:
            for peer in peers:
                if kind in peer.kinds:
                    kept[kind][peer.name] = state_kept(peer, kind, rounds + 1)
    found: dict[str, object] = {
        kind: {
            name: {**summary(values), "input_kept": kept[kind][name]} for name, values in by.items()
        }
        for kind, by in times.items()
    }
    return {**found, "missing": missing}
