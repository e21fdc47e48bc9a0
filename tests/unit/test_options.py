"""Options: four sources in one order, names checked, values checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotswap.options import ACCEPTED, FIELDS, FURTHER, Options, UsageError, load

if TYPE_CHECKING:
    from pathlib import Path


def configured(folder: Path, table: str) -> str:
    (folder / "pyproject.toml").write_text(f"[tool.hotswap]\n{table}\n")
    return str(folder)


def test_without_any_source_uvicorns_defaults_hold(tmp_path: Path) -> None:
    options = load({}, environ={}, start=str(tmp_path))

    assert (options.host, options.port, options.loop) == ("127.0.0.1", 8000, "auto")
    assert options.root == str(tmp_path)


def test_flags_beat_variables_beat_the_file(tmp_path: Path) -> None:
    start = configured(tmp_path, 'port = 1\nhost = "::1"\nroot-path = "/file"')
    environ = {"HOTSWAP_PORT": "2", "HOTSWAP_ROOT_PATH": "/variable"}

    options = load({"port": 3}, environ=environ, start=start)

    assert (options.port, options.root_path, options.host) == (3, "/variable", "::1")


def test_our_variable_beats_port_beats_uvicorns(tmp_path: Path) -> None:
    start = str(tmp_path)
    every = {"UVICORN_PORT": "1", "PORT": "2", "HOTSWAP_PORT": "3"}

    assert load({}, environ=every, start=start).port == 3
    assert load({}, environ={"UVICORN_PORT": "1", "PORT": "2"}, start=start).port == 2
    assert load({}, environ={"UVICORN_PORT": "1"}, start=start).port == 1


def test_the_nearest_pyproject_counts_and_paths_are_relative_to_it(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    configured(tmp_path, 'app = "main:app"\nenv-file = ".env"\nreload-dir = ["src"]')

    options = load({}, environ={}, start=str(inner))

    assert options.app == "main:app"
    assert options.app_dir == str(tmp_path)
    assert options.env_file == str(tmp_path / ".env")
    assert options.reload_dir == (str(tmp_path / "src"),)
    assert options.root == str(tmp_path)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("prot = 1", "unknown key 'prot' in .*: did you mean 'port'?"),
        ("zzzzzz = 1", "unknown key 'zzzzzz' in [^:]*$"),
        ('port = "eighty"', "port must be a whole number, not 'eighty'"),
        ("port = true", "port must be a whole number"),
        ('exec = "atuo"', "exec is one of auto, ask, never, not 'atuo': did you mean 'auto'?"),
        ("pin = [1]", "pin must be a list of strings"),
        ("ws-ping-interval = 1", "write uvicorn = { ws_ping_interval = ... }"),
        ("uvicorn = 1", "uvicorn must be a table"),
        ("workers = 4", "--workers 4: hotswap serves with one process"),
        ("port = ", "is not valid TOML"),
    ],
)
def test_what_does_not_fit_in_the_file_is_named(tmp_path: Path, table: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load({}, environ={}, start=configured(tmp_path, table))


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("HOTSWAP_PROT", "1", "unknown variable HOTSWAP_PROT: did you mean 'HOTSWAP_PORT'?"),
        ("HOTSWAP_PORT", "eighty", "HOTSWAP_PORT: port must be a number"),
        ("HOTSWAP_WATCH", "maybe", "watch is yes or no, not 'maybe'"),
        ("PORT", "x", "PORT: port must be a number"),
    ],
)
def test_what_does_not_fit_in_a_variable_is_named(
    tmp_path: Path, variable: str, text: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        load({}, environ={variable: text}, start=str(tmp_path))


def test_our_own_internal_variables_are_no_options(tmp_path: Path) -> None:
    environ = {"HOTSWAP_CARRIED_FD": "3", "HOTSWAP_TEST_TIME_FACTOR": "4", "HOTSWAP_PREFLIGHT": "1"}

    assert load({}, environ=environ, start=str(tmp_path)).port == 8000


def test_variables_are_read_by_the_kind_of_their_option(tmp_path: Path) -> None:
    environ = {
        "HOTSWAP_RELOAD_DIR": "a, b",
        "HOTSWAP_WATCH": "off",
        "HOTSWAP_POLL": "1",
        "HOTSWAP_JSON": "yes",
    }

    options = load({}, environ=environ, start=str(tmp_path))

    assert options.reload_dir == ("a", "b")
    assert (options.watch, options.poll, options.json) == (False, 0.5, True)


@pytest.mark.parametrize(("text", "seconds"), [("0.2", 0.2), ("true", 0.5), ("0", None)])
def test_polling_may_be_asked_for_without_saying_how_often(
    tmp_path: Path, text: str, seconds: float | None
) -> None:
    assert load({}, environ={"HOTSWAP_POLL": text}, start=str(tmp_path)).poll == seconds


def test_uvicorns_further_arguments_gather_in_one_table(tmp_path: Path) -> None:
    start = configured(tmp_path, "uvicorn = { backlog = 10, ws_max_size = 5 }")

    options = load({"backlog": 20}, environ={"UVICORN_WS_MAX_QUEUE": "7"}, start=start)

    assert options.uvicorn == {"backlog": 20, "ws_max_size": 5, "ws_max_queue": 7}


def test_reload_and_one_worker_are_accepted_silently(tmp_path: Path) -> None:
    flags = {"reload": True, "reload_delay": 0.25, "workers": 1}

    assert load(flags, environ={}, start=str(tmp_path)) == load({}, environ={}, start=str(tmp_path))


def test_an_unknown_option_from_python_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown option 'hots': did you mean 'host'\?"):
        load({"hots": "x"}, environ={}, start=str(tmp_path))


def test_uvicorns_own_parameters_keep_their_defaults() -> None:
    import inspect

    from uvicorn.config import Config

    theirs = inspect.signature(Config.__init__).parameters
    own = {"app", "log_config", "uvicorn", "reload_include", "reload_exclude"}

    for name, field in FIELDS.items():
        if name in theirs and name not in own:
            assert field.default == theirs[name].default, name


def test_every_flag_of_this_uvicorn_is_accepted() -> None:
    from uvicorn.main import main

    accepted = {*FIELDS, *FURTHER, *ACCEPTED, "version"}
    singular = {"reload_dirs": "reload_dir", "headers": "header"}
    singular |= {"reload_includes": "reload_include", "reload_excludes": "reload_exclude"}

    theirs = {singular.get(one.name or "", one.name or "") for one in main.params}

    assert theirs - accepted == set()


def test_options_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Options().port = 1  # type: ignore[misc]


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_a_port_has_bounds(tmp_path: Path, port: int) -> None:
    """uvloop would take it modulo 65536, and serve where nobody looks."""
    with pytest.raises(UsageError, match="between 0 and 65535"):
        load({"port": port}, environ={}, start=str(tmp_path))
