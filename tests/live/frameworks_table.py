"""The rows of docs/reference/frameworks.md, which the tests of frameworks hold to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hotswap.testing import Event, Live

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "frameworks.md"
HEAD: Final = "| framework | body | structure | climbs to exec | connection over exec | notes |"


@dataclass(frozen=True, slots=True)
class Row:
    """What the page promises for one framework."""

    framework: str
    body: str
    """The rung of an edited function body."""
    structure: str
    """The rung of a new or changed route, command or handler."""
    climbs: str
    over_exec: str
    """``kept`` or ``closed``: the connection that the test holds open, over an exec reload."""
    notes: str

    def held(self, live: Live, *, body: Event, structure: Event, broken: Event) -> None:
        """Hold three outcomes against the row: an edited body, edited structure, and a broken edit.

        Raises:
            AssertionError: The page promises something else.
        """
        assert (self.framework, "body", rung(body)) == (self.framework, "body", self.body), body
        found = (self.framework, "structure", rung(structure))
        assert found == (self.framework, "structure", self.structure), structure
        assert broken["verdict"] == "fault", broken
        assert live.process.poll() is None

    def crossed(self, live: Live, *, kept: bool) -> None:
        """Hold an exec reload of an app that has listeners against the row.

        Raises:
            AssertionError: The page promises something else.
        """
        outcome = live.wait(lambda event: event.get("verdict") == "reloaded")
        connections = (
            sum(outcome["reload"]["kept"].values()) - outcome["reload"]["kept"]["listener"]
        )
        assert (connections > 0) is kept is (self.over_exec == "kept"), outcome
        assert bool(outcome["reload"]["lost"]) is not kept, outcome


def rung(outcome: Event) -> str:
    """Give the rung of a swap that succeeded, ``fault`` otherwise."""
    said: Any = outcome["rung"] if outcome["ok"] else "fault"
    return str(said)


def rows() -> dict[str, Row]:
    """Read the table."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = lines.index(HEAD) + 2
    found: dict[str, Row] = {}
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        found[cells[0]] = Row(*cells)
    return found


def promised(framework: str) -> Row:
    """Give the row of one framework."""
    return rows()[framework]


def broken(live: Live, name: str) -> Event:
    """Save a file that cannot be compiled, then put it back as it was; give the first outcome."""
    text = live.project.read(name)
    outcome = live.save(name, text + "\ndef broken(:\n")
    mended = live.save(name, text)
    assert mended["verdict"] in ("unchanged", "swapped"), mended
    return outcome
