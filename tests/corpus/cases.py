"""One case of the corpus, read from its ``case.toml``. A misspelt key is an error."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CORPUS = Path(__file__).parent
RUNGS = ("noop", "patch", "reexec", "exec")
KINDS = {
    "functions": "Functions",
    "classes": "Classes",
    "modules": "Modules",
    "files": "Files and encodings",
    "effects": "Statements with effects",
    "failures": "Broken edits",
    "fastapi": "FastAPI and Starlette",
    "factories": "Apps made by a call",
    "frameworks": "Other frameworks",
    "debugging": "Lines and sources",
    "combined": "Several edits in one save",
}


@dataclass(frozen=True, slots=True)
class Step:
    """Some of the files of ``after``, written and applied on their own."""

    files: tuple[str, ...]
    rung: str = ""
    fault: str = ""
    """A text that the fault holds; empty when the step must swap."""
    side: str = "after"
    """The folder that the files are taken from."""


@dataclass(frozen=True, slots=True)
class Case:
    """An edit, the rung it needs, and what can be asked of the program before and after."""

    folder: Path
    title: str
    """The edit in a reader's words: a row of docs/reference/swaps.md."""
    kind: str
    rung: str = ""
    """The rung it must take; empty for an edit that must be refused with a fault."""
    probes: tuple[str, ...] = ()
    """Expressions; live values must equal those of a fresh import of ``after``."""
    keep: Mapping[str, str] = field(default_factory=dict)
    """Probe -> expression of its value in the live program, where state is kept and a fresh import differs."""
    setup: str = ""
    """Run once after the import: held references, gathered state. Also in the fresh interpreter."""
    fresh: str = ""
    """Run in place of `setup` in the fresh interpreter, where names of `setup` are gone."""
    entry: tuple[str, ...] = ()
    """Modules imported by the program; default: each module and package of ``before``."""
    uses: tuple[str, ...] = ()
    """Installed packages the case needs; given once, before the fork."""
    since: str = ""
    """The first Python that has the syntax."""
    fault: str = ""
    """A text the fault of the (refused) edit holds."""
    line: int = 0
    """The line that fault must name."""
    steps: tuple[Step, ...] = ()
    stale: tuple[Mapping[str, str], ...] = ()
    """Declared limits ``{name, why}``: each must be named in ``Outcome.stale``, and nothing else."""
    drift: tuple[Mapping[str, str], ...] = ()
    """Declared differences ``{name, why}`` of the inventory: ``m.name``."""
    changes: tuple[str, ...] = ()
    """Lines the report must hold: ``~ Room.say``."""
    limit: str = ""
    """What a reader should know; a column of docs/reference/swaps.md."""
    late: bool = False
    """The Swapper is made after the program was imported."""
    skip: Mapping[str, str] = field(default_factory=dict)
    """Law -> why it does not hold here: ``roundtrip``, ``fault``, ``inventory``."""
    wrong: Mapping[str, str] = field(default_factory=dict)
    """Law (``swap``, ``fault``) -> what hotswap gets wrong here as yet: an expected failure, told in the page."""
    back: str = ""
    """The rung of the way back when it is not simply a swap: ``exec``."""

    @property
    def name(self) -> str:
        """``NNN-name``."""
        return self.folder.name

    @property
    def before(self) -> Path:
        """What the program is imported from."""
        return self.folder / "before"

    @property
    def after(self) -> Path:
        """What is saved over it."""
        return self.folder / "after"

    @property
    def mended(self) -> Path | None:
        """What is saved after an edit that was refused; None when there is nothing more to see."""
        folder = self.folder / "mended"
        return folder if folder.is_dir() else None

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules the program imports, in order."""
        if self.entry:
            return self.entry
        return tuple(
            sorted(
                path.stem
                for path in self.before.iterdir()
                if path.suffix == ".py" or (path / "__init__.py").is_file()
            )
        )

    @property
    def undoable(self) -> bool:
        """Whether undo can bring all back: it knows the sources that ran, not files that went or data that was read."""
        old, new = files_of(self.before), files_of(self.after)
        return all(
            name.endswith(".py") and name in old and name in new for name in differing(old, new)
        )

    @property
    def runnable(self) -> bool:
        """Whether this interpreter is new enough."""
        return not self.since or sys.version_info >= tuple(map(int, self.since.split(".")))


def files_of(folder: Path) -> dict[str, bytes]:
    """Give the files of one side: relative posix path -> bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def differing(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> list[str]:
    """Give the relative paths that are new, gone or hold other bytes."""
    return sorted(name for name in {*old, *new} if old.get(name) != new.get(name))


def load(folder: Path) -> Case:
    """Read one case.

    Raises:
        ValueError: A key is unknown, or the case contradicts itself.
    """
    raw: dict[str, Any] = tomllib.loads((folder / "case.toml").read_text("utf-8"))
    known = {f.name for f in fields(Case)} - {"folder"}
    if unknown := sorted(set(raw) - known):
        raise ValueError(f"{folder.name}/case.toml: unknown keys {unknown}")
    steps = tuple(Step(**{**step, "files": tuple(step["files"])}) for step in raw.pop("steps", ()))
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
    case = Case(folder=folder, steps=steps, **values)
    if case.kind not in KINDS:
        raise ValueError(f"{case.name}: unknown kind {case.kind!r}")
    if case.rung not in RUNGS and not (case.fault and not case.rung):
        raise ValueError(f"{case.name}: needs a rung or a fault")
    if stray := set(case.keep) - set(case.probes):
        raise ValueError(f"{case.name}: kept but not probed: {sorted(stray)}")
    if stray := set(case.skip) - {"roundtrip", "fault", "inventory"}:
        raise ValueError(f"{case.name}: no such law: {sorted(stray)}")
    if not case.probes:
        raise ValueError(f"{case.name}: nothing is probed")
    return case


def every() -> list[Case]:
    """Give all cases in order."""
    return [load(path.parent) for path in sorted(CORPUS.glob("[0-9]*/case.toml"))]
