"""The one entry to everything: ``nox`` runs the tests, ``nox -l`` lists the rest.

The tests run against the built wheel, copied away from this tree, so that what users install is what is proved.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = (
    "uv|venv"  # uv, where there is one, installs in 3 s what takes pip 20
)
nox.options.error_on_external_run = True
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["tests"]

ROOT = Path(__file__).parent
PYPROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PYPROJECT)
NEWEST, OLDEST = PYTHONS[-1], PYTHONS[0]
QUIET = {"PYTHONDONTWRITEBYTECODE": "1"}
GUARDED = {"PYTHONDEVMODE": "1"}
"""Not for sessions that start servers: asyncio's debug mode would change what those print, and their pace."""
BOTH = ("-n", "2", "--dist", "worksteal")
"""Two tests at a time: while one waits for its server, the other has the processor."""


def group(name: str) -> list[str]:
    """Give the requirements of one dependency group."""
    return list(nox.project.dependency_groups(PYPROJECT, name))


def wheel() -> Path:
    """Give the folder of the wheel that all sessions of this nox run share."""
    return ROOT / "build" / f"wheel-{os.getpid()}"


def install_wheel(session: nox.Session, *groups: str, extras: str = "all") -> Path:
    """Install the built wheel and `groups`; give a folder that holds the tests but not ``hotswap/``."""
    dist = wheel()
    if not list(dist.glob("*.whl")):
        session.install("build")
        session.run("python", "-m", "build", "--wheel", "--outdir", str(dist), ".", silent=True)
    (built,) = dist.glob("*.whl")
    session.install(
        f"hotswap-live[{extras}] @ {built.as_uri()}", *[r for g in groups for r in group(g)]
    )
    session.install("--force-reinstall", "--no-deps", str(built))
    away = Path(session.create_tmp()).resolve() / "tree"
    shutil.rmtree(away, ignore_errors=True)
    away.mkdir(parents=True)
    ignore = shutil.ignore_patterns("__pycache__", "_build")
    for name in ("tests", "demo_server", "docs"):
        shutil.copytree(ROOT / name, away / name, ignore=ignore, symlinks=True)
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md"):
        shutil.copy2(ROOT / name, away / name)
    return away


def pytest(session: nox.Session, away: Path, *args: str, **env: str) -> None:
    """Run pytest in the copied folder, where only the wheel can be imported."""
    session.chdir(away)
    # nox points TMPDIR below this repository, whose pyproject.toml the programs under test would find
    env["TMPDIR"] = "/tmp"  # noqa: S108 - pytest makes a folder of its own in it
    codes = [0, 5] if session.posargs else [0]  # 5: the arguments leave none of these tests
    command = ("python", "-m", "pytest", *args, *session.posargs)
    session.run(*command, env={**QUIET, **env}, success_codes=codes)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Unit tests, the behaviour corpus, property tests and the documents' code blocks."""
    away = install_wheel(session, "test")
    pytest(session, away, "tests/unit", "tests/corpus", "tests/docs", *BOTH)
    # what writes interpreter memory; of tests with FastAPI apps it doubles the processor time (30 s, 63 s)
    pytest(session, away, "tests/property", *BOTH, **GUARDED)


@nox.session(python=PYTHONS)
def live(session: nox.Session) -> None:
    """Real servers, real sockets, real saves."""
    pytest(session, install_wheel(session, "test"), "tests/live", *BOTH)


@nox.session(python=PYTHONS)
def handover(session: nox.Session) -> None:
    """The exec reload: same process, every connection kept."""
    pytest(session, install_wheel(session, "test"), "tests/handover", *BOTH)


@nox.session(python=OLDEST)
def history(session: nox.Session) -> None:
    """Successive releases of real packages swapped one onto the other; ``nox -s history -- full`` replays all."""
    away = install_wheel(session, "test")
    session.install("pip")  # it downloads the releases; an environment that uv makes has none
    if session.posargs[:1] == ["full"]:
        session.chdir(away)
        cache = ROOT / "build" / "history"
        session.run("python", "-m", "tests.history", "--cache", str(cache), *session.posargs[1:])
    else:
        pytest(session, away, "tests/history")


@nox.session(python=OLDEST)
def browser(session: nox.Session) -> None:
    """Pages in headless Chromium. Skips with a reason where there is none, but not in CI."""
    pytest(session, install_wheel(session, "test", "browser"), "tests/browser", *BOTH)


@nox.session(python=OLDEST)
def lint(session: nox.Session) -> None:
    """Format, lint, spelling, the floors of the house, and the changelog's fragments."""
    session.install("-e", ".", *group("lint"))
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("codespell", "hotswap", "demo_server", "tests", "docs", "README.md", "CHANGELOG.md")
    session.run("lint-imports")
    session.run("towncrier", "build", "--draft", "--version", "next", silent=True)


@nox.session(python=OLDEST)
def types(session: nox.Session) -> None:
    """Run ``mypy --strict`` over all that ships; pyright must know the type of every public name."""
    session.install("-e", ".[all]", *group("types"), *group("test"))
    session.run("mypy")
    session.run("python", "-m", "tests.typing.public")


@nox.session(python=OLDEST)
def docs(session: nox.Session) -> None:
    """Build the documents; a broken reference is an error."""
    session.install("-e", ".[all]", *group("docs"))
    session.run("sphinx-build", "-nW", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session(python=PYTHONS)
def property(session: nox.Session) -> None:  # noqa: A001 - the word for it
    """Random edits, loops and states by the thousand (HOTSWAP_TEST_SEEDS), and each look held against a walk."""
    away = install_wheel(session, "test")
    env = {"HOTSWAP_TEST_SEEDS": os.environ.get("HOTSWAP_TEST_SEEDS", "1000"), **GUARDED}
    pytest(session, away, "tests/property", *BOTH, **env)
    walk = {"HOTSWAP_CORPUS_WALK": "1", **GUARDED}
    pytest(session, away, "tests/corpus", "-k", "test_swaps_and_back", *BOTH, **walk)


@nox.session(python=PYTHONS)
def soak(session: nox.Session) -> None:
    """Hundreds of exec reloads in a row under load; HOTSWAP_SOAK says how many."""
    many = os.environ.get("HOTSWAP_SOAK", "200")
    pytest(
        session, install_wheel(session, "test"), "tests/handover/test_soak.py", HOTSWAP_SOAK=many
    )


@nox.session(python=OLDEST)
def coverage(session: nox.Session) -> None:
    """Measure what tests run, in every process and across exec: each room has a floor. Slow: not all of them do it."""
    session.install("-e", ".[all]", *group("test"))
    session.run("coverage", "erase")
    tests = session.posargs or [
        "tests/unit",
        "tests/live/test_reloads.py",
        "tests/live/test_demo.py",
    ]
    env = {"TMPDIR": "/tmp", "HOTSWAP_TEST_TIME_FACTOR": "3", **QUIET}  # noqa: S108 - as in pytest()
    # What fails here fails, faster, in a session of its own; measuring must not make it wait longer than it can.
    command = ("coverage", "run", "-m", "pytest", *tests, "-q")
    session.run(*command, env=env, success_codes=[0, 1])
    session.run("coverage", "combine", "--quiet")
    session.run("python", "-m", "tests.floors")


@nox.session(python=OLDEST)
def demo(session: nox.Session) -> None:
    """Serve the demo; edit demo_server/ while it runs."""
    session.install("-e", ".[demo]")
    session.run("python", "-m", "hotswap", "demo_server", *session.posargs)


@nox.session(python=NEWEST)
def bench(session: nox.Session) -> None:
    """Measure beside the peers, interleaved in one run; prints a table, writes docs/_build/bench.json."""
    session.install("-e", ".[all]", *group("test"), "httpx", "uvicorn-hmr")
    session.run("python", "-m", "tests.bench", *session.posargs)


@nox.session(python=NEWEST)
def build(session: nox.Session) -> None:
    """Build wheel and sdist; install the wheel where nothing else is and start the command."""
    session.install("build")
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", "dist", silent=True)
    (built,) = (ROOT / "dist").glob("*.whl")
    clean = Path(session.create_tmp()).resolve() / "clean"
    session.run("python", "-m", "venv", "--clear", str(clean))
    python = clean / "bin" / "python"
    session.run(str(python), "-m", "pip", "install", "-q", str(built), external=True)
    session.chdir(session.create_tmp())
    session.run(str(python), "-W", "error", "-m", "hotswap", "--version", external=True)
    session.run(str(clean / "bin" / "hotswap"), "--help", silent=True, external=True)
