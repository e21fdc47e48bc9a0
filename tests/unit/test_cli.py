"""The command line, taken apart."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import hotswap
from hotswap.cli import parse, parser
from hotswap.options import UsageError


@pytest.mark.parametrize(
    ("argv", "target", "flags"),
    [
        (["main:app"], "main:app", {}),
        ([], "", {}),
        (["main:app", "--port", "1"], "main:app", {"port": 1}),
        (["--port", "1", "main:app"], "main:app", {"port": 1}),
        (["--port=1", "main:app"], "main:app", {"port": 1}),
        (["--no-watch", "main:app"], "main:app", {"watch": False}),
        (["--watch", "main:app"], "main:app", {"watch": True}),
        (["main:app", "--poll"], "main:app", {"poll": 0.5}),
        (["--poll", "main:app"], "main:app", {"poll": 0.5}),
        (["--poll", "2", "main:app"], "main:app", {"poll": 2.0}),
        (["main:app", "-vv"], "main:app", {"verbosity": 2}),
        (["main:app", "-q"], "main:app", {"verbosity": -1}),
        (
            ["main:app", "--reload-dir", "a", "--reload-dir", "b,c"],
            "main:app",
            {"reload_dir": ("a", "b", "c")},
        ),
        (["main:app", "--reenter", "when-needed"], "main:app", {"reenter": "when needed"}),
        (
            ["main:app", "--reload", "--reload-delay", "1", "--workers", "1"],
            "main:app",
            {"reload": True, "reload_delay": 1.0, "workers": "1"},
        ),
        (["main:app", "--header", "a:b,c"], "main:app", {"header": ("a:b,c",)}),
    ],
)
def test_options_may_stand_on_either_side_of_the_target(
    argv: list[str], target: str, flags: dict[str, object]
) -> None:
    command = parse(argv)

    assert (command.target, command.flags, command.arguments) == (target, flags, ())


def test_all_that_follows_a_script_is_the_scripts(tmp_path: Path) -> None:
    script = tmp_path / "bot.py"
    script.write_text("import sys\n")

    command = parse(["-v", str(script), "--port", "1", "--", "x", "-v"])

    assert command.arguments == ("--port", "1", "--", "x", "-v")
    assert command.flags == {"verbosity": 1}


def test_what_follows_the_file_of_an_app_is_ours(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text("from fastapi import FastAPI\napp = FastAPI()\n")

    command = parse([str(script), "--port", "1"])

    assert (command.flags, command.arguments) == ({"port": 1}, ())


def test_a_modules_arguments_follow_two_dashes() -> None:
    command = parse(["pkg", "--exec", "never", "--", "--exec", "me"])

    assert command.flags == {"exec": "never"}
    assert command.arguments == ("--exec", "me")
    assert parse(["--", "x"]).arguments == ("x",)  # for the target that pyproject.toml names


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["main:app", "--prot", "1"], "unknown option --prot: did you mean '--port'?"),
        (["--prot=1", "main:app"], "unknown option --prot=1: did you mean '--port'?"),
        (["main:app", "--port", "x"], "--port: port must be a number, not 'x'"),
        (["main:app", "stray"], "unexpected argument 'stray' after main:app; arguments for a"),
        (["main:app", "--port"], "expected one argument"),
    ],
)
def test_mistakes_are_explained(argv: list[str], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(argv)

    assert message in str(raised.value)


def test_questions_to_a_running_session() -> None:
    assert parse(["--explain", "a.py", "--explain", "b.py"]).asks == ("explain", "a.py", "b.py")
    assert parse(["--status"]).asks == ("status",)
    assert parse(["--ask-reload", "--json"]).asks == ("ask_reload",)


def test_the_help_names_every_option_once() -> None:
    text = parser(100).format_help()

    for name in ("--host", "--port", "--exec auto|ask|never", "--no-watch", "--poll [SECONDS]"):
        assert text.count(f"  {name}") == 1, name
    assert "==SUPPRESS==" not in text


def run(*argv: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hotswap", *argv],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": str(Path(hotswap.__file__).parent.parent)},
    )


def test_help_and_version_end_well(tmp_path: Path) -> None:
    shown, version = run("--help", cwd=tmp_path), run("--version", cwd=tmp_path)

    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("usage: hotswap")
    assert version.stdout.startswith("hotswap ")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ((), "what to run?"),
        (("nothere",), "there is no module 'nothere'"),
        (("--prot", "1"), "did you mean '--port'?"),
        (("a/b.py",), "there is no file a/b.py"),
        (("-m", "package"), "unknown option -m: leave it out"),
        (("m:app", "-p", "8001"), "did you mean '--port'?"),
        (("dev", "main.py"), "none is needed: hotswap main.py"),
        (("m:app", "--app-dir", "nope"), "--app-dir nope: there is no such directory"),
        (("m:app", "--reload-dir", "nope"), "--reload-dir nope: there is no such directory"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_code_2(
    tmp_path: Path, argv: tuple[str, ...], message: str
) -> None:
    ended = run(*argv, cwd=tmp_path)

    assert ended.returncode == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
    # where something is not there, the help would not help
    missing = ("there is no module", "there is no file", "none is needed")
    assert ("see `hotswap --help`" in ended.stderr) is not message.startswith(missing)


def test_nothing_heavy_is_imported_to_read_the_command_line() -> None:
    heavy = {"asyncio", "uvicorn", "rich", "jurigged", "watchdog", "websockets", "tomllib"}
    code = "import sys, hotswap.cli; hotswap.cli.parse(['main:app', '--port', '1']); print(*sys.modules)"

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert heavy.isdisjoint(shown.stdout.split())


def test_a_signal_that_ended_the_session_is_raised_again() -> None:
    code = "import sys; from hotswap.cli import leave; import atexit; atexit.register(print, 'bye'); leave(-15)"

    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert ended.returncode == -signal.SIGTERM
    assert ended.stdout == "bye\n"
