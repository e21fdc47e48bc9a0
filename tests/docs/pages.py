"""The reference pages that are made from the code: ``python -m tests.docs.pages`` writes them anew."""

from __future__ import annotations

from pathlib import Path

from hotswap import options

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"

OPEN, CLOSE = "<!-- made by tests/docs/pages.py -->", "<!-- end -->"


def flags() -> str:
    """Give the table of all settings: flag, ``[tool.hotswap]`` key, variable, default, meaning."""
    rows = ["| key in `[tool.hotswap]` | variable | default | meaning |", "|---|---|---|---|"]
    for name in options.SETTABLE:
        field = options.FIELDS[name]
        default = {} if field.metadata["kind"] == "table" else field.default
        words = field.metadata["help"]
        if field.metadata["choices"]:
            words += ": " + ", ".join(f"`{one}`" for one in field.metadata["choices"])
        variable = f"`HOTSWAP_{name.upper()}`" if field.metadata["kind"] != "table" else ""
        if field.metadata["variable"]:
            variable += f", `{field.metadata['variable']}`"
        shown = f"`{default!r}`" if default not in (None, "", (), {}) else ""
        rows.append(f"| `{name}` | {variable} | {shown} | {words} |".replace("  ", " "))
    return "\n".join(rows)


def usage() -> str:
    """Give what ``hotswap --help`` prints, 80 columns wide."""
    from hotswap.cli import parser

    text: str = parser(width=80).format_help()
    return f"```text\n{text.rstrip()}\n```"


def faults() -> str:
    """Give a section for each fault code."""
    from hotswap.source.faults import KINDS

    return "\n\n".join(
        f"## {k.code}: {k.title}\n\n{k.meaning}\n\n*What to do:* {k.remedy}" for k in KINDS.values()
    )


PAGES = {
    "config.md": flags,
    "cli.md": usage,
    "faults.md": faults,
}


def filled(name: str) -> str:
    """Give the page `name` with its made part as the code says it now."""
    page = (REFERENCE / name).read_text()
    before, rest = page.split(OPEN)
    _, after = rest.split(CLOSE)
    return f"{before}{OPEN}\n\n{PAGES[name]()}\n\n{CLOSE}{after}"


if __name__ == "__main__":
    for page in PAGES:
        (REFERENCE / page).write_text(filled(page))
