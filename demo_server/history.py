"""What was said, in SQLite: plain ``sqlite3`` and plain SQL files in ``migrations/``, applied in order at start."""

import sqlite3
from dataclasses import dataclass, replace

from demo_server import settings


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the room. `kind` is said, news, sale or whisper."""

    number: int
    at: str
    who: str
    door: str
    text: str
    kind: str


connection: sqlite3.Connection | None = None


def open_book() -> None:
    """Open the database and apply the migrations it has not seen."""
    global connection
    if connection is not None:
        return
    book = sqlite3.connect(settings.DATABASE)
    book.execute("PRAGMA journal_mode = WAL")
    book.execute("PRAGMA synchronous = NORMAL")
    book.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)")
    seen = {name for (name,) in book.execute("SELECT name FROM migrations")}
    for file in sorted((settings.HERE / "migrations").glob("*.sql")):
        if file.name not in seen:
            book.executescript(file.read_text(encoding="utf-8"))
            book.execute("INSERT INTO migrations VALUES (?)", (file.name,))
            book.commit()
    connection = book


def close_book() -> None:
    """Close the database."""
    global connection
    if connection is not None:
        connection.close()
        connection = None


def write(line: Line) -> Line:
    """Write a line down and give it with its number."""
    if connection is None:
        return line
    with connection:
        cursor = connection.execute(
            "INSERT INTO lines (at, who, door, text, kind) VALUES (?, ?, ?, ?, ?)",
            (line.at, line.who, line.door, line.text, line.kind),
        )
    return replace(line, number=cursor.lastrowid or 0)


def last(count: int) -> list[Line]:
    """Give the last lines, oldest first."""
    if connection is None:
        return []
    rows = connection.execute(
        "SELECT number, at, who, door, text, kind FROM lines ORDER BY number DESC LIMIT ?", (count,)
    ).fetchall()
    return [Line(*row) for row in reversed(rows)]
