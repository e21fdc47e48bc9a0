"""Draw what the benchmarks measured: ``python -m tests.bench.plots FILE.json FOLDER`` writes an SVG for each question.

Bars on a logarithmic scale, for the tools differ by factors of ten and more; a thin line reaches the 95th percentile.
Nothing but text is needed to draw them, and they follow a reader's dark mode.
"""

from __future__ import annotations

import json
import math
import sys
from html import escape
from pathlib import Path
from typing import Any, Final

WIDTH: Final = 720
LEFT: Final = 190
RIGHT: Final = 110
ROW: Final = 30
TOP: Final = 52
STYLE: Final = """
text { font: 14px system-ui, sans-serif; fill: #333 }
.title { font-weight: 600; font-size: 15px }
.quiet { fill: #777; font-size: 12px }
.ours { fill: #2a9d5c } .peer { fill: #b8bec6 } .tail { stroke: #777; stroke-width: 2 } .grid { stroke: #8884 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .quiet { fill: #999 } .peer { fill: #596270 } }
"""
PAGES: Final = {
    "css": "style sheet",
    "script": "script",
    "template": "template",
    "python": "Python",
}
"""Kinds of files of the page's benchmark, as a reader calls them."""

Row = tuple[str, float, float | None]
"""A label, the median and the 95th percentile, in milliseconds."""


def bars(title: str, rows: list[Row], note: str = "") -> str:
    """Draw one question: a bar a row, hotswap's in colour."""
    note += "; bar p50, line p95" if any(p95 for _, _, p95 in rows) else "; p50"
    top = max(p95 or p50 for _, p50, p95 in rows)
    low = 10 ** math.floor(math.log10(min(p50 for _, p50, _ in rows)))
    high = 10 ** math.ceil(math.log10(top))
    height = TOP + ROW * len(rows) + 34

    def x(value: float) -> float:
        share = math.log10(value / low) / math.log10(high / low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<text x="0" y="18" class="title">{escape(title)}</text>',
        f'<text x="0" y="36" class="quiet">{escape(note)}</text>',
    ]
    mark = low
    while mark <= high:
        at = x(mark)
        parts.append(
            f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP - 6}" y2="{height - 24}"/>'
        )
        label = f"{mark:g} ms" if mark < 1000 else f"{mark / 1000:g} s"
        parts.append(
            f'<text class="quiet" x="{at:.1f}" y="{height - 8}" text-anchor="middle">{label}</text>'
        )
        mark *= 10
    for place, (label, p50, p95) in enumerate(rows):
        y = TOP + ROW * place
        kind = "ours" if label.startswith("hotswap") else "peer"
        end = x(p50)
        parts.append(f'<text x="{LEFT - 10}" y="{y + 15}" text-anchor="end">{escape(label)}</text>')
        parts.append(
            f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{max(2.0, end - LEFT):.1f}" height="20" rx="3"/>'
        )
        if p95:
            end = x(p95)
            parts.append(
                f'<line class="tail" x1="{x(p50):.1f}" x2="{end:.1f}" y1="{y + 10}" y2="{y + 10}"/>'
            )
        parts.append(f'<text x="{end + 8:.1f}" y="{y + 15}">{p50:,.4g} ms</text>')
    return "\n".join([*parts, "</svg>", ""])


def saves(found: dict[str, Any]) -> str:
    """Draw the time from a save to the first new response."""
    rows = [(name, each["p50"], each.get("p95")) for name, each in found.items()]
    return bars("From a save to the first new response", rows, "five-module FastAPI app")


def page(found: dict[str, Any]) -> str:
    """Draw the time from a save to its effect in an open page."""
    rows = [
        (f"{name}: {words}", each["p50"], each.get("p95"))
        for kind, words in PAGES.items()
        for name, each in found.get(kind, {}).items()
    ]
    return bars("From a save to its effect in an open page", rows, "headless Chromium")


PLOTS: Final = {"saves": saves, "page": page}


def draw(results: dict[str, Any], folder: Path) -> list[Path]:
    """Write a picture of each measurement that has one; give their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, plot in PLOTS.items():
        if results.get(name):
            path = folder / f"bench-{name}.svg"
            path.write_text(plot(results[name]))
            written.append(path)
    return written


if __name__ == "__main__":
    for drawn in draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])):
        sys.stdout.write(f"{drawn}\n")
