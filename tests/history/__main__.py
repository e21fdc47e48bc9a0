"""The full replay: ``python -m tests.history [PACKAGE ...]`` prints a row per package and what was not exact."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from tests.history.mutations import MODULES
from tests.history.packages import EXAMPLES, pairs
from tests.history.replay import replay, replay_edits, replay_examples, topics
from tests.history.verdict import WORDS, Verdict, Word


def main() -> None:
    """Replay, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.history", description=__doc__)
    parser.add_argument("packages", nargs="*", help="of those in packages.py; all without")
    parser.add_argument("--cache", type=Path, default=Path("build/history"), help="for downloads")
    parser.add_argument("--details", type=int, default=6, help="lines for each swap not exact")
    parser.add_argument("--examples", action="store_true", help="only FastAPI's documented apps")
    parser.add_argument("--edits", action="store_true", help="only small edits to real modules")
    arguments = parser.parse_args()
    cache = arguments.cache.resolve()
    table: dict[str, list[Verdict]] = {}
    chosen = arguments.examples or arguments.edits
    if not chosen:
        for package, old, new in pairs(tuple(arguments.packages)):
            try:
                verdicts = replay(cache, package, old, new)
            except RuntimeError as error:
                print(f"{package} {old} {new}: {error}", flush=True)
                continue
            ways = (f"{package} {old} -> {new}", f"{package} {new} -> {old}")
            for way, verdict in zip(ways, verdicts, strict=False):
                show(way, verdict, arguments.details)
            table.setdefault(package, []).extend(verdicts)
    whole = not chosen and not arguments.packages
    if arguments.edits or whole:
        for module in MODULES:
            edits = replay_edits(module)
            for way, verdict in edits.items():
                if verdict.word != "exact":
                    show(way, verdict, arguments.details)
            table[f"small edits: {module}"] = [*edits.values()]
    if arguments.examples or whole:
        for topic in topics(cache, EXAMPLES):
            found = replay_examples(topic)
            for way, verdict in found.items():
                show(f"{topic.name} {way}", verdict, arguments.details)
            table.setdefault("FastAPI's documented apps", []).extend(found.values())
    print(f"\n| package | swaps | {' | '.join(WORDS)} |")
    print("|---" * (len(WORDS) + 2) + "|")
    total: Counter[Word] = Counter()
    for name, rows in table.items():
        count = Counter(v.word for v in rows)
        total += count
        print(line_of(name, count))
    print(line_of("all", total))


def show(way: str, verdict: Verdict, details: int) -> None:
    """Print one verdict."""
    print(f"{way}: {verdict.word}  {verdict.ms:.0f} ms", flush=True)
    for line in verdict.details[:details]:
        print(f"    {line}", flush=True)


def line_of(name: str, count: Counter[Word]) -> str:
    """Give a row of the table."""
    return f"| {name} | {sum(count.values())} | {' | '.join(str(count[w]) for w in WORDS)} |"


if __name__ == "__main__":
    main()
