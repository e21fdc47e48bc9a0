"""What a child process does with one case, and what it saw. It judges nothing."""

from __future__ import annotations

import os
import sys
import traceback
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from tests.corpus import cases
from tests.corpus.probes import HELPERS, identities, inventory, render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ENGINE = os.environ.get("HOTSWAP_CORPUS_ENGINE", "hotswap.swapper")
"""Where `Swapper` is taken from: a peer with the same interface can be scored by the same checks."""

if os.environ.get("HOTSWAP_CORPUS_WALK"):
    from tests.corpus import walked

    walked.compare()

ANOTHER = b"\nanother_edit = 1\n"
"""What a second edit adds to the files of the first: what that left behind must not come to light."""

BROKEN = {
    "late raise": b'\nraise RuntimeError("boom")\n',
    "syntax error": b"\ndef broken(:\n",
}


class Program:
    """A program of this process, imported from a folder of its own."""

    def __init__(self, case: cases.Case, side: Path) -> None:
        self.case = case
        self.root = os.path.realpath(mkdtemp(prefix="corpus-"))
        self.seen: list[dict[str, Any]] = []
        self.names: dict[str, Any] = dict(HELPERS)
        self.files: dict[str, bytes] = {}
        self.swapper: Any = None
        self.write(cases.files_of(side))

    def write(self, files: Mapping[str, bytes]) -> list[str]:
        """Make the folder hold exactly `files`; give the absolute paths that changed."""
        changed = cases.differing(self.files, files)
        for name in changed:
            path = Path(self.root, name)
            if name in files:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(files[name])
            else:
                path.unlink()
        for folder in sorted(Path(self.root).rglob("*"), reverse=True):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        self.files = dict(files)
        return [str(Path(self.root, name)) for name in changed]

    def start(self, *, live: bool, fresh: bool = False) -> None:
        """Import the program and run the case's setup."""
        sys.dont_write_bytecode = True
        sys.path.insert(0, self.root)
        os.chdir(self.root)
        if live and not self.case.late:
            self.watch()
        for name in self.case.modules:
            module = import_module(name)
            top = name.partition(".")[0]
            self.names.setdefault(top, sys.modules[top])
            self.names.setdefault(name.rpartition(".")[2], module)
        if live and self.case.late:
            self.watch()
        setup = self.case.fresh if fresh and self.case.fresh else self.case.setup
        exec(compile(setup, "<setup>", "exec"), self.names)

    def watch(self) -> None:
        self.swapper = import_module(ENGINE).Swapper([self.root])

    def look(self, label: str, **told: Any) -> None:
        """Note what the probes say, and what the modules hold."""
        note = {"label": label, "probes": self.probe(), **told}
        note["inventory"] = inventory(self.root)
        note["identities"] = identities(self.root)
        self.seen.append(note)

    def probe(self) -> dict[str, str]:
        """Give what each probe says."""
        said = {}
        for probe in self.case.probes:
            try:
                value = render(eval(probe, self.names))
            except Exception as error:
                value = f"raised {type(error).__name__}: {error}"
            said[probe] = value.replace(self.root, "<root>")
        return said

    def save(self, label: str, files: Mapping[str, bytes], only: list[str] | None = None) -> None:
        """Save `files`, apply, and look."""
        paths = self.write(files)
        self.do(label, lambda: self.swapper.apply(paths if only is None else only))

    def do(self, label: str, call: Callable[[], Any]) -> None:
        """Note what the swapper says, and look."""
        try:
            outcome = call()
        except BaseException as error:
            self.look(label, escaped="".join(traceback.format_exception(error)[-8:]))
        else:
            self.look(label, outcome=asdict(outcome))


def fresh(case: cases.Case, side: str) -> list[dict[str, Any]]:
    """Import one side alone. Probes are asked twice: a probe that changes what it asks is a wrong probe."""
    program = Program(case, case.folder / side)
    program.start(live=False, fresh=side != "before")
    program.look("fresh")
    program.look("asked twice")
    return program.seen


def swap(case: cases.Case) -> list[dict[str, Any]]:
    """Before -> (explained) after, in steps when the case has some -> again -> another edit -> before -> mended."""
    program = Program(case, case.before)
    before, after = cases.files_of(case.before), cases.files_of(case.after)
    program.start(live=True)
    program.look("start")
    now = dict(before)
    for number, step in enumerate(case.steps[:-1], 1):
        side = cases.files_of(case.folder / step.side)
        for name in step.files:
            now.pop(name, None)
            if name in side:
                now[name] = side[name]
        program.save(f"step {number}", now)
    if not case.steps:
        paths = program.write(after)
        program.do("explain", lambda: program.swapper.explain(paths))
        program.do("swap", lambda: program.swapper.apply(paths))
    else:
        program.save("swap", after)
    changed = [str(Path(program.root, name)) for name in cases.differing(before, after)]
    program.save("again", after, only=changed)
    if "another" not in case.skip and not case.steps:
        edited = [n for n in cases.differing(before, after) if n.endswith(".py") and n in after]
        program.save("another", {**after, **{name: after[name] + ANOTHER for name in edited}})
    paths = program.write(before)[::-1]
    program.do("back", lambda: program.swapper.apply(paths))
    if case.mended is not None:
        program.save("mended", cases.files_of(case.mended))
    return program.seen


def fault(case: cases.Case) -> list[dict[str, Any]]:
    """Before -> `after`, broken in each edited file and way -> `after` -> undone."""
    program = Program(case, case.before)
    before, after = cases.files_of(case.before), cases.files_of(case.after)
    program.start(live=True)
    program.look("start")
    edited = [
        name
        for name in cases.differing(before, after)
        if name.endswith(".py") and name in after and name not in case.skip
    ]
    for how, text in BROKEN.items():
        for name in edited[:3] if how == "late raise" else edited[-1:]:
            program.save(f"{how} in {name}", {**after, name: after[name] + text})
    if (case.folder / "broken").is_dir():
        program.save("broken/", cases.files_of(case.folder / "broken"))
    program.save("healed", after)
    program.do("undo", lambda: program.swapper.undo())
    return program.seen


TRIALS: dict[str, Callable[..., list[dict[str, Any]]]] = {
    "fresh": fresh,
    "swap": swap,
    "fault": fault,
}
