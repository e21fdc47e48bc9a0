"""The four sources, merged: defaults < ``[tool.hotswap]`` of the nearest pyproject.toml < environment < flags."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from hotswap.options.fields import ACCEPTED, FIELDS, FURTHER, SETTABLE, Options
from hotswap.options.values import UsageError, fits, from_text, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "HOTSWAP_"
UVICORN_PREFIX: Final = "UVICORN_"
INTERNAL: Final = frozenset({"CARRIED_FD", "PREFLIGHT", "CRASHES"})
"""Variables under our prefix that are no options: an image leaves them for the next one, or for its child."""
RESERVED: Final = ("TEST_", "CARRIED", "PREFLIGHT")


def load(
    flags: Mapping[str, Any],
    *,
    environ: Mapping[str, str] | None = None,
    start: str | None = None,
) -> Options:
    """Merge the four sources.

    Args:
        flags: What was given on the command line, by field name; values of the fields' types.
        environ: The environment; the process's own by default.
        start: Directory from which pyproject.toml is searched upwards; the working directory by default.

    Raises:
        UsageError: A name is unknown or a value does not fit; the message names the source and what would fit.
    """
    environ = os.environ if environ is None else environ
    start = os.getcwd() if start is None else start
    path, table = project_table(start)
    root = os.path.dirname(path) if path else os.path.abspath(start)
    values: dict[str, Any] = {"root": root}
    uvicorn: dict[str, Any] = {}
    for source in (
        _from_table(table, path, root),
        _from_environment(environ),
        _checked_flags(flags),
    ):
        uvicorn.update(source.pop("uvicorn", {}))
        values.update(source)
    return Options(**values, uvicorn=uvicorn, flags=dict(flags))


def project_table(start: str) -> tuple[str, Mapping[str, Any]]:
    """Give the path of the nearest pyproject.toml at or above `start`, and its ``[tool.hotswap]``; ``("", {})``.

    Raises:
        UsageError: The file is no TOML, cannot be read, or the table is none.
    """
    folder = os.path.abspath(start)
    while not os.path.isfile(os.path.join(folder, "pyproject.toml")):
        above = os.path.dirname(folder)
        if above == folder:
            return "", {}
        folder = above
    path = os.path.join(folder, "pyproject.toml")
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if b"hotswap" not in data:  # tomllib costs 14 ms, and most projects set nothing
        return path, {}
    import tomllib

    try:
        table = tomllib.loads(data.decode()).get("tool", {}).get("hotswap", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from None
    if not isinstance(table, dict):
        raise UsageError(f"[tool.hotswap] in {path} must be a table")
    return path, table


def _from_table(table: Mapping[str, Any], path: str, root: str) -> dict[str, Any]:
    """Read ``[tool.hotswap]``; keys may be written with dashes; relative paths are relative to the file."""
    where = f"[tool.hotswap] in {path}"
    found: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name in ACCEPTED:
            _one_process(name, value)
            continue
        if name in FURTHER and name not in FIELDS:
            raise UsageError(f"{where}: write uvicorn = {{ {name} = ... }} for uvicorn's own {key}")
        if name not in SETTABLE:
            near = suggest(name, SETTABLE)
            raise UsageError(f"unknown key {key!r} in {where}{near}")
        found[name] = fits(name, value, where)
    for name in ("app_dir", "env_file", "log_config", "ssl_certfile", "ssl_keyfile"):
        if found.get(name):
            found[name] = os.path.join(root, found[name])
    if "reload_dir" in found:
        found["reload_dir"] = tuple(os.path.join(root, one) for one in found["reload_dir"])
    if "app" in found:
        found.setdefault("app_dir", root)
    return found


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read ``HOTSWAP_*``; below them ``PORT``, and what ``UVICORN_*`` says of uvicorn's own options."""
    found: dict[str, Any] = {}
    uvicorn: dict[str, Any] = {}
    for variable, text in environ.items():
        if not variable.startswith(UVICORN_PREFIX):
            continue
        name = _uvicorn_name(variable[len(UVICORN_PREFIX) :].lower())
        facts = FIELDS[name].metadata if name in FIELDS else None
        if facts is not None and facts["group"] in ("server", "tls"):
            found[name] = fits(name, from_text(name, facts["kind"], text, variable), variable)
        elif name in FURTHER:
            uvicorn[name] = from_text(name, FURTHER[name], text, variable)
    for name, one in FIELDS.items():
        variable = one.metadata["variable"]
        if variable and environ.get(variable):
            text = environ[variable]
            found[name] = fits(
                name, from_text(name, one.metadata["kind"], text, variable), variable
            )
    for variable, text in environ.items():
        if not variable.startswith(PREFIX):
            continue
        rest = variable[len(PREFIX) :]
        name = rest.lower()
        if rest in INTERNAL or rest.startswith(RESERVED):
            continue
        if name not in SETTABLE or FIELDS[name].metadata["kind"] == "table":
            near = suggest(variable, [PREFIX + one.upper() for one in SETTABLE])
            raise UsageError(f"unknown variable {variable}{near}")
        found[name] = fits(
            name, from_text(name, FIELDS[name].metadata["kind"], text, variable), variable
        )
    found["uvicorn"] = uvicorn
    return found


def _uvicorn_name(name: str) -> str:
    """uvicorn calls some by the plural in its own code and by the singular on its command line."""
    return {"headers": "header", "reload_dirs": "reload_dir"}.get(name, name)


def _checked_flags(flags: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    uvicorn: dict[str, Any] = dict(flags.get("uvicorn", {}))
    for name, value in flags.items():
        where = "--" + name.replace("_", "-")
        if name == "uvicorn":
            continue
        if name in ACCEPTED:
            _one_process(name, value)
        elif name in FURTHER:
            uvicorn[name] = value
        elif name in SETTABLE:
            found[name] = fits(name, value, where)
        else:
            near = suggest(name, (*SETTABLE, *FURTHER))
            raise UsageError(f"unknown option {name!r}{near}")
    found["uvicorn"] = uvicorn
    return found


def _one_process(name: str, value: Any) -> None:
    """Refuse several workers: that one process lives on is the point.

    Raises:
        UsageError: More than one worker was asked for.
    """
    if name == "workers" and value not in (None, 1, "1"):
        raise UsageError(
            f"--workers {value}: hotswap serves with one process, which lives on while its code changes; "
            "start several sessions on one socket with --fd (how-to: several processes)"
        )
