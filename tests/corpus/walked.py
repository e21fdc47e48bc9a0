"""With ``HOTSWAP_CORPUS_WALK=1`` each look by reference counts is held against a walk over the whole heap.

The engine finds who runs superseded code without touching the heap (``live/holders.py``); were its reckoning wrong
once, code would be called patched that does not run. The walk misses nothing, and costs what the reckoning saves.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from hotswap.live import holders, patch, redirecting

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType, FunctionType


def compare() -> None:
    """Let every look of this process fail, as an error of hotswap's own, when it misses what a walk finds."""
    look = holders.find

    def find(
        entries: Iterable[Any],
        suspects: Iterable[CodeType],
        tables: Iterable[CodeType],
        files: set[str],
        *,
        compiles: Iterable[CodeType] = (),
        functions: Iterable[FunctionType] = (),
    ) -> patch.Heap:
        codes, alone = list(suspects), list(compiles)
        heap = look(entries, iter(codes), tables, files, compiles=alone, functions=functions)
        codes = [code for code in codes if holders.is_function(code)]
        superseded = {id(code) for code in codes}
        # a statement's own compile equals what the whole file's gave
        equal = set() if alone else set(codes)
        found = {id(holder) for holder, _ in (*heap.functions, *heap.frames)}
        gc.collect()  # what a run that was rolled back had made may still lie about
        walk = patch.survey(files)
        missed = [
            holder
            for holder, code in (*walk.functions, *walk.frames)
            if id(holder) not in found
            and (id(code) in superseded or (code in equal and code.co_name != "<module>"))
        ]
        assert not missed, f"the look missed {missed}"
        return heap

    holders.find = find
    young = redirecting._holders

    def holding(news: list[Any]) -> list[Any]:
        found = young(news)
        known = {*map(id, found), id(found)}
        missed = [
            holder
            for holder in gc.get_referrers(*news)
            if id(holder) not in known and not _is_the_call(holder, news)
        ]
        assert not missed, f"nobody saw that these hold what was thrown away: {missed}"
        return found

    redirecting._holders = holding


def _is_the_call(holder: object, news: list[Any]) -> bool:
    """Say whether this is the tuple of the question's own arguments, which Python 3.13 finds too."""
    return type(holder) is tuple and list(map(id, holder)) == list(map(id, news))
