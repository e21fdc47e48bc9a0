"""The documents say what is true: made pages are up to date, links lead somewhere, code blocks run."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest

import hotswap
from hotswap import options
from hotswap.keys import HELP
from hotswap.source.faults import KINDS
from hotswap.source.model import VERBS, Change, Fault, Outcome, Reload, Stale
from tests.bench import plots
from tests.docs import pages

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.joinpath("docs").rglob("*.md"), ROOT / "README.md"])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[object]:
    """Give each fenced block of `language`, named by its file and place."""
    found = []
    for document in DOCUMENTS:
        if "_build" in document.parts:
            continue
        for number, match in enumerate(BLOCK.finditer(document.read_text())):
            if match[1] == language:
                found.append(pytest.param(match[2], id=f"{document.relative_to(ROOT)}-{number}"))
    return found


@pytest.mark.parametrize("name", sorted(pages.PAGES))
def test_made_pages_are_up_to_date(name: str) -> None:
    """``python -m tests.docs.pages`` brings them up to date."""
    assert (pages.REFERENCE / name).read_text() == pages.filled(name)


@pytest.mark.parametrize("code", blocks("python"))
def test_python_blocks_run(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each block stands alone and does not raise; one that needs more says so in its first line."""
    first = code.splitlines()[0]
    needs = re.match(r"# needs (\w+)", first)
    if needs:
        pytest.importorskip(needs[1])
    monkeypatch.chdir(tmp_path)
    compiled = compile(code, "block", "exec", dont_inherit=True)
    if first != "# shown only":
        exec(compiled, {"__name__": "block"})


@pytest.mark.parametrize("text", blocks("toml"))
def test_settings_are_known(text: str, tmp_path: Path) -> None:
    """Every ``[tool.hotswap]`` shown is accepted."""
    tomllib.loads(text)
    (tmp_path / "pyproject.toml").write_text(text)
    options.load({}, environ={}, start=str(tmp_path))


@pytest.mark.parametrize("text", blocks("json"))
def test_json_blocks_parse(text: str) -> None:
    for line in text.splitlines() if text.startswith('{"') else [text]:
        json.loads(line)


@pytest.mark.parametrize("text", blocks("console"))
def test_commands_are_accepted(text: str) -> None:
    """Every ``hotswap ...`` line parses as the command line does."""
    from hotswap.cli import parse

    for line in text.splitlines():
        match = re.match(r"\$ (?:.*python -m )?hotswap(?: (.*))?$", line)
        if match:
            parse(shlex.split(match[1] or "", comments=True))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in target:
            assert (document.parent / target).exists(), target


def documented(heading: str) -> list[list[str]]:
    """Give the cells of the first table of docs/reference/events.md whose head begins with `heading`."""
    lines = (pages.REFERENCE / "events.md").read_text().splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith(f"| {heading} |")) + 2
    found = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def names(text: str) -> set[str]:
    """Give what stands in backticks."""
    return set(re.findall(r"`([a-z_]+)`", text))


def test_the_outcome_event_is_documented_key_by_key() -> None:
    event = set(Outcome(ok=True, rung=None, files=()).as_event())
    rows = {row[0].strip("`"): row[1] for row in documented("key")}

    assert set(rows) == event - {"v", "event"}
    for key, kind in (("changes", Change), ("stale", Stale), ("fault", Fault), ("reload", Reload)):
        fields = {field.name for field in dataclasses.fields(kind)}
        assert names(rows[key]) == fields, key


def test_every_verdict_and_rung_is_documented() -> None:
    rows = {row[0].strip("`"): row[1] for row in documented("key")}

    assert set(VERBS) - {None} <= names(rows["rung"]) | {"exec"}
    for verdict in ("swapped", "unchanged", "fault", "reloaded"):
        assert verdict in names(rows["verdict"])


def test_every_fault_code_has_a_section_and_every_section_a_code() -> None:
    page = (pages.REFERENCE / "faults.md").read_text()
    sections = set(re.findall(r"^## (HS\d+): ", page, re.MULTILINE))
    source = Path(hotswap.__file__).parent
    used = {
        code for path in source.rglob("*.py") for code in re.findall(r'"(HS\d+)"', path.read_text())
    }

    assert sections == set(KINDS) == used


def test_the_house_shows_every_file_of_the_engine() -> None:
    """The picture of source/, live/ and live/rerun/ names all of their files, and none that is gone.

    A new file is drawn in docs/explanation/architecture.md, where a newcomer would look for it.
    """
    house = Path(hotswap.__file__).parent
    picture = (ROOT / "docs/explanation/architecture.md").read_text().split("```")[3]
    shown = set(re.findall(r"\w+\.py\b", picture))
    rooms = [house / room for room in ("source", "live", "live/rerun")]
    files = {path.name for room in rooms for path in room.glob("[!_]*.py")}

    assert files - shown == set()
    assert shown - {path.name for path in house.rglob("*.py")} == set()


def test_the_plots_show_the_figures_of_the_page(tmp_path: Path) -> None:
    folder = ROOT / "docs" / "explanation"
    measured = json.loads((folder / "measured.json").read_text())
    page = (folder / "performance.md").read_text()

    for drawn in plots.draw(measured, tmp_path):
        assert drawn.read_text() == (ROOT / "docs" / "_static" / drawn.name).read_text()
    for found in (measured["saves"], *measured["page"].values()):
        for each in found.values():
            for value in each.values():
                assert f"{value:,}" in page, value


def test_the_page_shows_every_key() -> None:
    page = (pages.REFERENCE / "cli.md").read_text().split("## Keys")[1].split("## Options")[0]

    assert re.findall(r"^\| `(\w)` \|", page, re.MULTILINE) == [key for key, _ in HELP]
