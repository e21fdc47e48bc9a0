"""Whether a value fits its option, and how it is read from text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hotswap.options.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

TRUE: Final = frozenset({"1", "true", "yes", "on"})
FALSE: Final = frozenset({"0", "false", "no", "off", ""})
HIGHEST_PORT: Final = 65535

POLL: Final = 0.5
"""Seconds between two looks when polling was asked for without saying how often."""


class UsageError(Exception):
    """An option is unknown, has a wrong value, or the target cannot be told; the command ends with exit code 2."""


class NotThereError(UsageError):
    """What was named is not there. The message says what is; `--help` would not."""


def suggest(name: str, known: Iterable[str]) -> str:
    """Give ``: did you mean 'port'?``, or ``""`` when nothing is near."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f": did you mean {near[0]!r}?" if near else ""


def from_text(name: str, kind: str, text: str, where: str) -> Any:
    """Read a value that was given as text, in a flag or a variable.

    Raises:
        UsageError: It cannot be read as `kind`.
    """
    lowered = text.strip().lower()
    if kind == "bool":
        if lowered in TRUE or lowered in FALSE:
            return lowered in TRUE
        raise UsageError(f"{where}: {name} is yes or no, not {text!r}")
    if kind == "list":
        return tuple(part for part in (part.strip() for part in text.split(",")) if part)
    if kind == "seconds" and lowered in TRUE:
        return POLL
    if kind == "seconds" and lowered in FALSE:
        return None
    reader: Callable[[str], Any] = {"int": int, "float": float, "seconds": float}.get(kind, str)
    try:
        return reader(text)
    except ValueError:
        raise UsageError(f"{where}: {name} must be a number, not {text!r}") from None


def fits(name: str, value: Any, where: str) -> Any:
    """Check a value against its field; lists become tuples.

    Raises:
        UsageError: It does not fit.
    """
    facts = FIELDS[name].metadata
    kind = facts["kind"]
    if kind == "table":
        if not isinstance(value, dict):
            raise UsageError(f"{where}: {name} must be a table")
        return value
    if kind == "list":
        items = (value,) if isinstance(value, str) else value
        if not isinstance(items, list | tuple) or not all(isinstance(one, str) for one in items):
            raise UsageError(f"{where}: {name} must be a list of strings")
        return tuple(items)
    if kind == "seconds" and isinstance(value, bool):
        return POLL if value else None
    accepted: dict[str, Any] = {
        "int": int,
        "float": (int, float),
        "seconds": (int, float),
        "bool": bool,
    }
    wanted = accepted.get(kind, str)
    optional = FIELDS[name].default is None and value is None
    if not optional and (not isinstance(value, wanted) or (kind == "int" and value is True)):
        words = {"int": "a whole number", "bool": "true or false", "str": "a string"}
        raise UsageError(f"{where}: {name} must be {words.get(kind, 'a number')}, not {value!r}")
    if name == "port" and not 0 <= value <= HIGHEST_PORT:
        raise UsageError(f"{where}: port is between 0 and {HIGHEST_PORT}, not {value}")
    if facts["choices"] and value is not None and value not in facts["choices"]:
        listed = ", ".join(facts["choices"])
        near = suggest(str(value), facts["choices"])
        raise UsageError(f"{where}: {name} is one of {listed}, not {value!r}{near}")
    return value
