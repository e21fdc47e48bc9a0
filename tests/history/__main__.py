"""The full replay: ``python -m tests.history [PACKAGE ...]`` prints a row per package and what was not exact."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from tests.history.packages import RELEASES, pairs
from tests.history.replay import replay
from tests.history.verdict import WORDS, Verdict, Word


def main() -> None:
    """Replay, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.history", description=__doc__)
    parser.add_argument("packages", nargs="*", help="of those in packages.py; all without")
    parser.add_argument("--cache", type=Path, default=Path("build/history"), help="for downloads")
    parser.add_argument("--details", type=int, default=6, help="lines for each pair not exact")
    arguments = parser.parse_args()
    table: dict[str, list[Verdict]] = {}
    for package, old, new in pairs(tuple(arguments.packages)):
        rows = table.setdefault(package, [])
        try:
            verdicts = replay(arguments.cache.resolve(), package, old, new)
        except RuntimeError as error:
            print(f"{package} {old} {new}: {error}", flush=True)
            continue
        ways = ((old, new), (new, old))
        for (one, other), verdict in zip(ways, verdicts, strict=False):
            rows.append(verdict)
            print(f"{package} {one} -> {other}: {verdict.word}  {verdict.ms:.0f} ms", flush=True)
            for line in verdict.details[: arguments.details]:
                print(f"    {line}", flush=True)
    print(f"\n| package | swaps | {' | '.join(WORDS)} |")
    print("|---" * (len(WORDS) + 2) + "|")
    total: Counter[Word] = Counter()
    for package in RELEASES:
        if package in table:
            count = Counter(v.word for v in table[package])
            total += count
            print(line_of(package, count))
    print(line_of("all", total))


def line_of(name: str, count: Counter[Word]) -> str:
    """Give a row of the table."""
    return f"| {name} | {sum(count.values())} | {' | '.join(str(count[w]) for w in WORDS)} |"


if __name__ == "__main__":
    main()
