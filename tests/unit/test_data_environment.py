"""Environment files: read as python-dotenv reads them, followed as they change."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import dotenv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotswap.data.dotenv import parse, values
from hotswap.data.environment import Layer, is_dotenv

if TYPE_CHECKING:
    from pathlib import Path

PIECES = ["A", "B", "=", "'", '"', "\\n", "\n", " ", "#", "export ", "x", "${A}", "${B:-d}", "\\'"]
PIECES += ["\t", "\r\n", "é", "\\", "\ufeff", "${", "}"]


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=16).map("".join))
def test_any_text_means_what_python_dotenv_takes_it_for(text: str) -> None:
    theirs = dotenv.dotenv_values(stream=io.StringIO(text, newline=""), interpolate=False)

    assert dict(parse(text)) == theirs


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=16).map("".join))
def test_variables_are_put_in_as_python_dotenv_does(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("A", "B", "x", "AB", "Ax"):
            patch.delenv(name, raising=False)
        theirs = dotenv.dotenv_values(stream=io.StringIO(text, newline=""))
        ours = values(text, {})

    assert ours == {key: value for key, value in theirs.items() if value is not None}


@pytest.mark.parametrize(
    ("name", "verdict"),
    [(".env", True), (".env.local", True), ("prod.env", True), ("env", False), ("a.json", False)],
)
def test_environment_files_are_known_by_name(name: str, verdict: bool) -> None:
    assert is_dotenv("/x/" + name) is verdict


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.write_text("A=1\nB=2\n")
    return path


def follow(layer: Layer, path: Path, text: str) -> list[Any]:
    path.write_text(text)
    undo: list[Any] = []
    assert layer.follow(str(path), undo) is None
    return undo


def test_keys_are_set_changed_and_removed(file: Path) -> None:
    layer = Layer({"SHELL": "x"})
    assert layer.load(str(file)) is None

    follow(layer, file, "A=3\nC=4\n")

    assert layer.environ == {"SHELL": "x", "A": "3", "C": "4"}
    assert layer.changed == {"A", "B", "C"}


def test_the_shell_wins_and_gets_nothing_taken_away(file: Path) -> None:
    layer = Layer({"A": "shell"})
    layer.load(str(file))

    follow(layer, file, "A=9\n")
    follow(layer, file, "")

    assert layer.environ == {"A": "shell"}


def test_files_that_the_program_loaded_itself_are_followed(file: Path) -> None:
    layer = Layer({"A": "shell"})
    layer.environ.update(B="2")  # what load_dotenv() does
    layer.note([str(file)])

    follow(layer, file, "A=5\nB=6\n")

    assert layer.environ == {"A": "shell", "B": "6"}


def test_what_the_program_set_itself_is_left_alone(file: Path) -> None:
    layer = Layer({})
    layer.load(str(file))
    layer.environ["B"] = "mine"

    follow(layer, file, "A=1\n")

    assert layer.environ == {"A": "1", "B": "mine"}


def test_overriding_files_give_the_shells_value_back(file: Path) -> None:
    layer = Layer({"A": "shell"})
    layer.environ["A"] = "1"  # load_dotenv(override=True)
    layer.note([str(file)])

    follow(layer, file, "A=7\n")
    assert layer.environ["A"] == "7"
    follow(layer, file, "")
    assert layer.environ["A"] == "shell"


def test_a_deleted_file_takes_its_values_along_and_undo_brings_them_back(file: Path) -> None:
    layer = Layer({})
    layer.load(str(file))
    file.unlink()
    undo: list[Any] = []

    layer.follow(str(file), undo)
    assert layer.environ == {}

    undo[0]()
    assert layer.environ == {"A": "1", "B": "2"}
    follow(layer, file, "A=8\n")
    assert layer.environ == {"A": "8"}


def test_a_file_that_cannot_be_read_is_a_fault_and_changes_nothing(file: Path) -> None:
    layer = Layer({})
    layer.load(str(file))
    file.write_bytes(b"A=\xff\n")

    fault = layer.follow(str(file), [])

    assert fault is not None
    assert fault.code == "HS701"
    assert "not UTF-8" in fault.message
    assert layer.environ == {"A": "1", "B": "2"}


def test_the_next_image_starts_from_the_shells_environment(file: Path) -> None:
    layer = Layer({"A": "shell"})
    layer.load(str(file))
    carried = layer.carry()

    woken = Layer(dict(layer.environ))
    woken.adopt(carried)

    assert woken.environ == {"A": "shell"}
    file.write_text("B=3\n")
    woken.load(str(file))
    assert woken.environ == {"A": "shell", "B": "3"}


def test_before_the_program_a_variable_was_what_the_shell_or_a_file_gave(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=file\nB=file\n")
    layer = Layer({"A": "shell"})
    layer.load(str(path))
    layer.environ.update(A="program", B="program", C="program")
    assert [layer.before_program(name) for name in "ABC"] == ["shell", "file", None]
