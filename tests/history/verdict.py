"""What lives after a swap, compared with a fresh import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Word = Literal["exact", "told", "refused", "fault", "WRONG"]
"""``exact``: nothing differs. ``told``: what differs was reported stale. ``refused``: a fresh process was asked for.
``fault``: correct code was reported as faulty. ``WRONG``: something differs and nobody said so."""

WORDS: tuple[Word, ...] = ("exact", "told", "refused", "fault", "WRONG")


UNSTABLE = "differs from import to import"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one swap went."""

    word: Word
    details: tuple[str, ...] = ()
    """What differs, or why it was refused."""
    ms: float = 0.0


def differences(lives: Any, wanted: Any, path: str = "") -> list[str]:
    """Name the places in which two descriptions differ, with both values, outermost names first."""
    if lives == wanted or wanted == UNSTABLE:
        return []
    if isinstance(lives, dict) and isinstance(wanted, dict):
        found = []
        for key in {**lives, **wanted}:
            where = f"{path}.{key}" if path else str(key)
            if key not in lives:
                found.append(f"{where} is missing")
            elif key not in wanted:
                found.append(f"{where} should be gone")
            else:
                found += differences(lives[key], wanted[key], where)
        return found
    if isinstance(lives, list) and isinstance(wanted, list) and len(lives) == len(wanted):
        found = []
        for a, b in zip(lives, wanted, strict=True):
            found += differences(a, b, path)
        return found[:3]
    return [f"{path}: {str(lives)[:160]} instead of {str(wanted)[:160]}"]


def stable(one: Any, other: Any) -> Any:
    """Give of a description what a second fresh import repeats: no times, random numbers or addresses."""
    if one == other:
        return one
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: stable(value, other.get(key)) for key, value in one.items()}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [stable(a, b) for a, b in zip(one, other, strict=True)]
    return UNSTABLE


def judge(way: Mapping[str, Any], fresh: Mapping[str, Any], state: tuple[str, ...] = ()) -> Verdict:
    """Compare one swap with a fresh import of what was swapped in, but for what is `state` of a live program."""
    ms = float(way["ms"])
    if way["fault"]:
        return Verdict("fault", (str(way["fault"]),), ms)
    if not way["ok"]:
        return Verdict("refused", (str(way["reason"]),), ms)
    failed = {f.partition(":")[0] for f in fresh["failed"]}
    lives = {name: found for name, found in way["inventory"].items() if name not in failed}
    rows = differences(lives, fresh["inventory"])
    rows = [row for row in rows if not row.startswith(state)]
    rows += [
        f"{name} could not be imported"
        for name in way["failed"]
        if name.partition(":")[0] not in failed
    ]
    rows += [f"{name} held from before is stale" for name in way["estranged"]]
    named = [row.partition(":")[0] for row in way["stale"]]
    silent = [row for row in rows if not any(name and name in row for name in named)]
    if silent:
        return Verdict("WRONG", tuple(silent), ms)
    if rows:
        return Verdict("told", tuple(rows), ms)
    return Verdict("exact", tuple(f"also told: {row}" for row in way["stale"]), ms)
