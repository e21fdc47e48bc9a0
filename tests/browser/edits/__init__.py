"""Edits of scripts, by theme: `CASES` is all of them."""

from __future__ import annotations

from tests.browser.edits import (
    calls,
    classes,
    functions,
    leavings,
    modules,
    pages,
    state,
    statements,
)

CASES = [
    *functions.CASES,
    *state.CASES,
    *classes.CASES,
    *statements.CASES,
    *modules.CASES,
    *calls.CASES,
    *pages.CASES,
    *leavings.CASES,
]
