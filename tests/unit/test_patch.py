"""live/patch.py's contract with jurigged: which of its parts patches, and which must not be woken."""

from __future__ import annotations

import subprocess
import sys


def run(code: str) -> str:
    """Run `code` in a fresh interpreter; give what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def test_jurigged_patches_through_codefinds_registry() -> None:
    """`jurigged.db` is the very object that `patch` uses, in the pinned minor."""
    said = run("import codefind, jurigged; print(jurigged.db is codefind.code_registry)")

    assert said.strip() == "True"


def test_warming_wakes_neither_terminal_nor_import_hook() -> None:
    """`jurigged.live` would query the user's terminal; `jurigged.register` would hook imports."""
    said = run(
        "import sys; hooks = list(sys.meta_path)\n"
        "from hotswap.live import patch; patch.warm()\n"
        "print('codefind' in sys.modules, 'blessed' in sys.modules, sys.meta_path == hooks)"
    )

    assert said.split() == ["True", "False", "True"]


def test_a_frozen_heap_is_seen() -> None:
    """``gc.freeze()`` hides objects from the collector's list; an app that freezes is swapped all the same."""
    said = run(
        "import gc\n"
        "from hotswap.live import patch\n"
        "def f(): ...\n"
        "gc.freeze()\n"
        "print(any(g is f for g, _ in patch.survey({f.__code__.co_filename}).functions))"
    )

    assert said.strip() == "True"
