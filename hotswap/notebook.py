"""``%load_ext hotswap``: modules edited on disk are swapped in the kernel before the next cell runs.

Rungs that need a fresh interpreter are named and left alone: a kernel is not replaced under its user.
"""

from __future__ import annotations

import ast
import os
import sys
from typing import TYPE_CHECKING, Any

from hotswap.console import Console
from hotswap.swapper import Swapper

if TYPE_CHECKING:
    from hotswap.source.model import Outcome


class Notebook:
    """Swaps what was saved since the last cell."""

    def __init__(self, shell: Any, roots: tuple[str, ...]) -> None:
        self._shell = shell
        self._swapper = Swapper(roots)
        self._seen: dict[str, tuple[int, int]] = {}
        self._imports = Imports(shell.user_ns)
        for cell in shell.user_ns.get("In", ()):
            self._note(cell)
        self._look()
        shell.events.register("pre_run_cell", self.before_cell)

    def before_cell(self, info: Any) -> None:
        """Swap in what differs from what runs, and tell; called by IPython before each cell."""
        changed = self._look()
        if changed:
            self._imports.look()
            outcome = self._swapper.apply(changed)
            if outcome.ok:
                self._imports.follow()
            if outcome.files or outcome.fault is not None:
                self._tell(outcome)
        self._note(info.raw_cell)

    def _note(self, cell: str) -> None:
        try:
            self._imports.note(self._shell.transform_cell(cell))
        except (SyntaxError, ValueError):  # IPython tells, when it runs the cell
            return

    def close(self) -> None:
        """Follow no more."""
        self._shell.events.unregister("pre_run_cell", self.before_cell)
        self._swapper.close()

    def _look(self) -> list[str]:
        """Give the files whose size or time differs from the last look, and those never looked at.

        A module that the last cell imported may have been edited since; `Swapper` compares it with what was imported.
        """
        swapper = self._swapper
        files = swapper.tracked() | swapper.data_files() | swapper.pending
        changed: list[str] = []
        for path in files:
            try:
                found = os.stat(path)
                sign = (found.st_mtime_ns, found.st_size)
            except OSError:
                sign = (0, 0)
            if self._seen.get(path) != sign:
                changed.append(path)
            self._seen[path] = sign
        return changed  # what is pending joins by itself; it is not told again at every cell

    def _tell(self, outcome: Outcome) -> None:
        console = Console(root=os.getcwd(), stream=sys.stdout)  # a kernel's stdout is the cell's
        console.outcome(outcome)
        if not outcome.ok and outcome.fault is None:
            console.say("restart the kernel to get the new code running", level="warning")


class Imports:
    """What cells imported with ``from module import name``: their namespace is no module that could be swapped.

    Functions and classes are the same objects after a swap; other values are not, and the names follow them here.

    Args:
        names: The namespace that cells run in.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names
        self._bound: dict[str, tuple[str, str]] = {}
        """Name in the namespace -> module, and name in it."""
        self._stars: set[str] = set()
        self._before: dict[str, tuple[dict[str, Any], str, object]] = {}
        self._had: dict[str, set[str]] = {}
        """Module that a cell imported ``*`` from -> what that was before the swap."""

    def note(self, cell: str) -> None:
        """Remember the imports of a cell, wherever in it they stand.

        Raises:
            SyntaxError: It is no Python.
        """
        for node in ast.walk(ast.parse(cell)):
            if not isinstance(node, ast.ImportFrom) or node.level or node.module is None:
                continue
            for alias in node.names:
                if alias.name == "*":
                    self._stars.add(node.module)
                else:
                    self._bound[alias.asname or alias.name] = (node.module, alias.name)

    def look(self) -> None:
        """Before a swap: see which names still are what their module has."""
        self._before = {}
        self._had = {module: _public(module) for module in self._stars}
        bound = dict(self._bound)
        for module in self._stars:
            for name in getattr(sys.modules.get(module), "__dict__", ()):
                bound.setdefault(name, (module, name))
        for name, (module, attribute) in bound.items():
            values = getattr(sys.modules.get(module), "__dict__", {})
            if name in self._names and attribute in values:
                value = values[attribute]
                if self._names[name] is value:
                    self._before[name] = (values, attribute, value)

    def follow(self) -> None:
        """After it: bind those anew whose module has another value by now."""
        for name, (values, attribute, value) in self._before.items():
            if attribute in values and values[attribute] is not value:
                self._names[name] = values[attribute]
        for module, had in self._had.items():
            for name in _public(module) - had:
                if name not in self._names:  # else it is the notebook's own
                    self._names[name] = getattr(sys.modules[module], name)


def _public(module: str) -> set[str]:
    """Give what ``from module import *`` takes, as far as it is there."""
    values: dict[str, Any] = getattr(sys.modules.get(module), "__dict__", {})
    listed = values.get("__all__", [name for name in values if not name.startswith("_")])
    return {name for name in listed if name in values}


_active: Notebook | None = None


def load_ipython_extension(shell: Any) -> None:
    """Begin to follow modules below the working directory and the entries of ``sys.path`` that are the user's."""
    global _active
    unload_ipython_extension(shell)
    _active = Notebook(shell, roots())


def unload_ipython_extension(_: Any) -> None:
    """Stop following."""
    global _active
    if _active is not None:
        _active.close()
        _active = None


def roots() -> tuple[str, ...]:
    """Give the directories whose modules count: the working directory, and what the user added to ``sys.path``."""
    installed = os.path.dirname(os.path.realpath(os.__file__))
    found = [os.getcwd()]
    for entry in sys.path:
        path = os.path.realpath(entry or os.getcwd())
        if os.path.isdir(path) and not path.startswith(installed) and "site-packages" not in path:
            found.append(path)
    return tuple(dict.fromkeys(found))
