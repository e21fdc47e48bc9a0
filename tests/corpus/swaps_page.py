"""docs/reference/swaps.md, made from the corpus: so it cannot claim what is not tested.

``python -m tests.corpus.swaps_page`` writes it.
"""

from __future__ import annotations

from pathlib import Path

from tests.corpus import cases

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "swaps.md"

HEAD = """\
# What swaps, edit by edit

<!-- Made by `python -m tests.corpus.swaps_page` from tests/corpus; edit the cases, not this page. -->

Each row is a case of the behaviour corpus (`tests/corpus`): a program is imported, used, edited and asked. After the
swap it must answer as a fresh import of the edited files does, state aside; saved back, it must answer as it did at the
start; and the same edit with an error in it must change nothing.

| rung | means |
|---|---|
| noop | nothing to run: at most line numbers are corrected |
| patch | new code in the live functions |
| reexec | the changed statements, and those that depend on them, run again in the live module |
| exec | needs a fresh image: `python -m hotswap` reloads with `execve`; `Swapper.apply` refuses and changes nothing |
| refused | a fault: the old code serves, the files stay pending |
"""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _limit(case: cases.Case) -> str:
    told = [case.limit] if case.limit else []
    told += [f"not right yet: {why}" for why in case.wrong.values()]
    told += [f"`{limit['name']}` is reported stale: {limit['why']}" for limit in case.stale]
    if case.since:
        told.append(f"Python {case.since}+")
    return _cell("; ".join(told))


def text() -> str:
    """Give the page."""
    parts = [HEAD]
    everything = cases.every()
    for kind, title in cases.KINDS.items():
        rows = [case for case in everything if case.kind == kind]
        if rows:
            parts.append(f"\n## {title}\n\n| edit | rung | limit | case |\n|---|---|---|---|")
            parts += [
                f"| {_cell(c.title)} | {c.rung or 'refused'} | {_limit(c)} | {c.name.partition('-')[0]} |"
                for c in rows
            ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
