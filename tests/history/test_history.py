"""A few pairs of releases, there and back: what lives equals a fresh import. ``python -m tests.history`` does all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.history.packages import EXAMPLES, SHORT
from tests.history.releases import Unreachable
from tests.history.replay import replay, replay_edits, replay_examples, topics

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where downloads go."""
    return tmp_path_factory.mktemp("releases")


@pytest.mark.timeout(170)
@pytest.mark.parametrize(("package", "old", "new"), SHORT)
def test_a_release_swapped_onto_another_equals_a_fresh_import(
    cache: Path, package: str, old: str, new: str
) -> None:
    try:
        verdicts = replay(cache, package, old, new)
    except Unreachable as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))
    for verdict in verdicts:
        assert verdict.word == "exact", verdict.details
    assert len(verdicts) == 2


@pytest.mark.timeout(170)
def test_documented_fastapi_apps_swapped_onto_one_another_equal_a_fresh_import(
    cache: Path,
) -> None:
    try:
        folders = {folder.name: folder for folder in topics(cache, EXAMPLES)}
    except Unreachable as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))
    found = replay_examples(folders["query_params"])
    assert len(found) > 5
    for way, verdict in found.items():
        assert verdict.word == "exact", (way, verdict.details)


@pytest.mark.timeout(170)
def test_small_edits_of_a_real_module_equal_a_fresh_import() -> None:
    found = replay_edits("textwrap")
    assert len(found) > 40
    assert "textwrap: every function, back" in found
    for way, verdict in found.items():
        assert verdict.word == "exact", (way, verdict.details)
