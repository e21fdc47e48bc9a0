"""SQLite schemas that follow their migration files: each file once, in order, in a transaction of its own.

::

    import hotswap
    from hotswap.data import sqlite

    sqlite.migrate("app.db", "migrations/*.sql")            # at start: whatever is pending

    @hotswap.on_file("migrations/*.sql")                    # on save
    def schema(path: str) -> None:
        sqlite.migrate("app.db", "migrations/*.sql")

Before a migration the database is copied with SQLite's own backup, so that the last one can be taken back when its
file is edited again; that loses what was written since, so it must be asked for (``redo=True``).
"""

from __future__ import annotations

import contextlib
import glob as globbing
import hashlib
import os
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TABLE: Final = "hotswap_migrations"
SNAPSHOT: Final = ".before-migration"
"""Appended to the database's path: the copy made before the last migration that was applied."""


class MigrationError(Exception):
    """A migration was not applied; the database is as it was. ``path`` and ``line`` say where it failed."""

    def __init__(self, message: str, path: str, line: int = 0) -> None:
        super().__init__(message)
        self.path = path
        self.line = line


class EditedError(MigrationError):
    """A file that has been applied was edited. ``redo`` says whether it is the last one, which can be applied anew."""

    def __init__(self, message: str, path: str, *, redo: bool) -> None:
        super().__init__(message, path)
        self.redo = redo


@dataclass(frozen=True, slots=True)
class Migration:
    """One file and whether it has been applied."""

    name: str
    path: str
    text: str
    applied: bool
    edited: bool


def migrate(database: str, glob: str, *, redo: bool = False) -> tuple[str, ...]:
    """Apply the pending files in the order of their names; give the names of those applied.

    Args:
        database: Path of the SQLite file; it is made when it is not there.
        glob: The migration files: ``"migrations/*.sql"``.
        redo: When the last applied file was edited: put the copy made before it back, and apply it again.

    Raises:
        EditedError: An applied file was edited, and `redo` does not cover it.
        MigrationError: A file fails; what came before it stays applied, of itself nothing does.
    """
    done: list[str] = []
    if redo:
        _take_back(database, status(database, glob))
    known = status(database, glob)
    _refuse_edited(known)
    for one in known:
        if not one.applied:
            _snapshot(database)
            with _opened(database) as connection:
                _apply(connection, one)
            done.append(one.name)
    return tuple(done)


def status(database: str, glob: str) -> list[Migration]:
    """Tell of each file whether it has been applied, and whether it was edited since."""
    applied: dict[str, str] = {}
    if os.path.exists(database):
        with _opened(database) as connection:
            applied = dict(connection.execute(f"SELECT name, digest FROM {TABLE}").fetchall())  # noqa: S608 -- a constant
    found: list[Migration] = []
    for path in sorted(globbing.glob(glob)):
        name = os.path.basename(path)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        digest = applied.get(name)
        found.append(
            Migration(name, path, text, digest is not None, digest not in {None, _digest(text)})
        )
    return found


def pending(database: str, glob: str) -> tuple[str, ...]:
    """Give the names of the files that have not been applied."""
    return tuple(one.name for one in status(database, glob) if not one.applied)


def statements(text: str) -> Iterator[tuple[int, str]]:
    """Split a script into statements, each with its first line; triggers' inner semicolons are understood."""
    gathered, first = "", 1
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if not gathered.strip():
            gathered, first = "", number
        gathered += line
        if sqlite3.complete_statement(gathered):
            yield first, gathered
            gathered = ""
    if gathered.strip() and not _only_comments(gathered):
        yield first, gathered


@contextlib.contextmanager
def _opened(database: str) -> Iterator[sqlite3.Connection]:
    """Open with our table in place, without Python's own implicit transactions."""
    connection = sqlite3.connect(database, isolation_level=None, timeout=5.0)
    try:
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {TABLE} "
            "(name TEXT PRIMARY KEY, digest TEXT NOT NULL, applied_at TEXT DEFAULT CURRENT_TIMESTAMP)"
        )
        yield connection
    finally:
        connection.close()


def _apply(connection: sqlite3.Connection, one: Migration) -> None:
    """Run one file in one transaction.

    Raises:
        MigrationError: A statement fails; everything of this file is rolled back.
    """
    line = 1
    connection.execute("BEGIN IMMEDIATE")
    try:
        for line, statement in statements(one.text):
            _refuse_transaction(one, line, statement)
            connection.execute(statement)
        connection.execute(
            f"INSERT INTO {TABLE} (name, digest) VALUES (?, ?)",  # noqa: S608 -- a constant
            (one.name, _digest(one.text)),
        )
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            message = f"{one.name}, line {line}: {error}"
            raise MigrationError(message, one.path, line) from None
        raise


def _refuse_edited(known: Sequence[Migration]) -> None:
    """Refuse to go on when applied files were edited.

    Raises:
        EditedError: One was.
    """
    applied = [one for one in known if one.applied]
    for one in applied:
        if one.edited:
            last = one is applied[-1]
            what = (
                "apply it again with redo=True (what was written since is lost)"
                if last
                else "write a new migration instead: later ones build on it"
            )
            raise EditedError(
                f"{one.name} has been applied and was edited since; {what}", one.path, redo=last
            )


def _take_back(database: str, known: Sequence[Migration]) -> None:
    """Put the copy made before the last applied migration back, when that migration was edited.

    Raises:
        EditedError: There is no such copy, or it is not the last one that was edited.
    """
    applied = [one for one in known if one.applied]
    if not applied or not applied[-1].edited:
        return
    last = applied[-1]
    copy = database + SNAPSHOT
    if not os.path.exists(copy):
        raise EditedError(f"{last.name}: the copy made before it is gone", last.path, redo=False)
    with (
        contextlib.closing(sqlite3.connect(copy)) as source,
        contextlib.closing(sqlite3.connect(database)) as target,
    ):
        before = {name for (name,) in source.execute(f"SELECT name FROM {TABLE}")}  # noqa: S608 -- a constant
        if last.name in before:
            raise EditedError(f"{last.name}: the copy is not from before it", last.path, redo=False)
        source.backup(target)  # through SQLite, so that open connections of the app see it


def _snapshot(database: str) -> None:
    """Copy the database through SQLite's backup, which is whole even while others write."""
    with (
        _opened(database) as source,
        contextlib.closing(sqlite3.connect(database + SNAPSHOT)) as target,
    ):
        source.backup(target)


def _refuse_transaction(one: Migration, line: int, statement: str) -> None:
    """Refuse statements that would end the transaction around the file.

    Raises:
        MigrationError: This is one.
    """
    words = _bare(statement).split()
    if words and words[0].upper().rstrip(";") in {"BEGIN", "COMMIT", "END", "ROLLBACK"}:
        message = f"{one.name}, line {line}: a migration may not begin or end transactions"
        raise MigrationError(message, one.path, line)


def _only_comments(text: str) -> bool:
    return not _bare(text).strip()


def _bare(text: str) -> str:
    """Give a statement without its leading comments."""
    text = text.strip()
    while text.startswith(("--", "/*")):
        end = text.find("\n") if text.startswith("--") else text.find("*/")
        if end < 0:
            return ""
        text = text[end + (1 if text.startswith("--") else 2) :].strip()
    return text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
