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


def test_a_swap_during_the_warming_waits_for_its_end() -> None:
    """A save that comes while jurigged is imported in the warming thread found half of codefind."""
    said = run(
        "import sys, threading\n"
        "from hotswap.live import patch\n"
        "inside, asked, found = threading.Event(), threading.Event(), []\n"
        "class Slow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'codefind.registry':\n"
        "            inside.set()\n"
        "            asked.wait(30)\n"
        "sys.meta_path.insert(0, Slow())\n"
        "warming = threading.Thread(target=patch.warm)\n"
        "warming.start()\n"
        "inside.wait(30)\n"
        "def ask():\n"
        "    asked.set()\n"
        "    found.append(patch._database())\n"
        "swapping = threading.Thread(target=ask)\n"
        "swapping.start()\n"
        "swapping.join(); warming.join()\n"
        "print(len(found), found[0] is patch._database())"
    )

    assert said.split() == ["1", "True"]
