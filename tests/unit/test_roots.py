"""live/roots.py: real paths in few calls of the system are those that `os.path.realpath` gives."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from hotswap.live.roots import Roots

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two releases, a link to the first, a linked file, and a link that leads nowhere."""
    for release in ("one", "two"):
        folder = tmp_path / release / "pkg"
        folder.mkdir(parents=True)
        folder.joinpath("a.py").write_text("")
    tmp_path.joinpath("current").symlink_to("one")
    tmp_path.joinpath("one", "pkg", "linked.py").symlink_to(tmp_path / "two" / "pkg" / "a.py")
    tmp_path.joinpath("one", "pkg", "broken.py").symlink_to(tmp_path / "nowhere.py")
    return tmp_path


@pytest.mark.parametrize(
    "path",
    [
        "one/pkg/a.py",
        "current/pkg/a.py",
        "current/pkg/linked.py",
        "current/pkg/broken.py",
        "current/pkg/../pkg/a.py",
        "current/absent/a.py",
        "current/pkg",
        "current/pkg/",
        "current/pkg/..",
        "",
    ],
)
def test_the_real_path_of_a_file(tree: Path, path: str) -> None:
    roots = Roots()
    for _ in range(2):  # the second time the directory is known
        whole = os.path.join(tree, path)
        assert roots.real(whole) == os.path.realpath(whole)


def test_a_directory_linked_to_another_release_is_seen(tree: Path) -> None:
    roots = Roots()
    path = str(tree / "current" / "pkg" / "a.py")
    assert roots.real(path) == str(tree.resolve() / "one" / "pkg" / "a.py")
    tree.joinpath("current").unlink()
    tree.joinpath("current").symlink_to("two")
    assert roots.real(path) == str(tree.resolve() / "two" / "pkg" / "a.py")


def test_a_relative_path_is_that_of_the_working_directory(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = Roots()
    for release in ("one", "two"):
        monkeypatch.chdir(tree / release)
        assert roots.real("pkg/a.py") == os.path.realpath("pkg/a.py")


def test_a_directory_answers_for_its_files_until_a_root_is_added(tree: Path) -> None:
    roots = Roots()
    roots.add(tree / "one")
    first, second = str(tree / "two" / "pkg" / "a.py"), str(tree / "two" / "pkg" / "b.py")
    assert "none of the watched directories" in roots.why_excluded(first)
    assert roots.why_excluded(second) == roots.why_excluded(first)
    roots.add(first)  # a single file
    assert roots.why_excluded(first) == ""
    assert roots.why_excluded(second) != ""
    roots.add(tree / "two")
    assert roots.why_excluded(second) == ""
