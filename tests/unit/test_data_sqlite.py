"""Migrations of SQLite files: once, in order, whole or not at all."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest

from hotswap.data.sqlite import EditedError, MigrationError, migrate, pending, statements, status

if TYPE_CHECKING:
    from pathlib import Path

FIRST = "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT);\n"
SECOND = "ALTER TABLE note ADD COLUMN who TEXT; -- who said it\nUPDATE note SET who = 'x';\n"
TRIGGER = """\
-- keeps count; of all
CREATE TRIGGER counted AFTER INSERT ON note BEGIN
    UPDATE note SET text = upper(text) WHERE id = new.id;
    UPDATE note SET text = text || '!' WHERE id = new.id;
END;
"""


class Schema:
    """A database and its folder of migrations."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "migrations"
        self.folder.mkdir()
        self.database = str(root / "app.db")
        self.glob = str(self.folder / "*.sql")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def migrate(self, *, redo: bool = False) -> tuple[str, ...]:
        return migrate(self.database, self.glob, redo=redo)

    def run(self, sql: str) -> list[tuple[object, ...]]:
        with contextlib.closing(sqlite3.connect(self.database)) as connection, connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(name="schema")
def _schema(tmp_path: Path) -> Schema:
    return Schema(tmp_path)


def test_files_are_applied_once_in_the_order_of_their_names(schema: Schema) -> None:
    schema.write("002_who.sql", SECOND)
    schema.write("001_note.sql", FIRST)

    assert schema.migrate() == ("001_note.sql", "002_who.sql")
    assert schema.migrate() == ()
    assert pending(schema.database, schema.glob) == ()
    assert schema.run("SELECT id, text, who FROM note") == []


def test_an_open_connection_sees_the_new_column_at_once(schema: Schema) -> None:
    schema.write("001.sql", FIRST)
    schema.migrate()
    with contextlib.closing(sqlite3.connect(schema.database)) as app:
        app.execute("INSERT INTO note (text) VALUES ('a')")
        app.commit()
        schema.write("002.sql", SECOND)

        assert schema.migrate() == ("002.sql",)

        assert app.execute("SELECT text, who FROM note").fetchall() == [("a", "x")]


def test_a_bad_file_leaves_nothing_of_itself(schema: Schema) -> None:
    schema.write("001.sql", FIRST)
    schema.write("002.sql", "CREATE TABLE other (id);\n\nINSERT INTO nowhere VALUES (1);\n")
    schema.write("003.sql", "CREATE TABLE third (id);\n")

    with pytest.raises(MigrationError, match=r"002\.sql, line 3: no such table: nowhere") as raised:
        schema.migrate()

    assert raised.value.line == 3
    tables = {name for (name,) in schema.run("SELECT name FROM sqlite_master")}
    assert {"other", "third"}.isdisjoint(tables)
    assert pending(schema.database, schema.glob) == ("002.sql", "003.sql")


@pytest.mark.parametrize("word", ["COMMIT", "begin", "-- so there\nROLLBACK", "END"])
def test_transactions_are_ours(schema: Schema, word: str) -> None:
    schema.write("001.sql", f"CREATE TABLE a (id);\n{word};\n")

    with pytest.raises(MigrationError, match="may not begin or end transactions"):
        schema.migrate()

    assert pending(schema.database, schema.glob) == ("001.sql",)


def test_triggers_keep_their_inner_statements(schema: Schema) -> None:
    schema.write("001.sql", FIRST + TRIGGER)
    schema.migrate()

    schema.run("INSERT INTO note (text) VALUES ('a')")

    assert schema.run("SELECT text FROM note") == [("A!",)]


def test_statements_know_their_lines_and_comments_are_none() -> None:
    found = [
        (line, text.split()[0]) for line, text in statements(FIRST + "\n" + SECOND + "-- end\n")
    ]

    assert found == [(1, "CREATE"), (3, "ALTER"), (4, "UPDATE")]


def test_the_last_applied_file_may_be_done_again_when_asked(schema: Schema) -> None:
    schema.write("001.sql", FIRST)
    schema.write("002.sql", "ALTER TABLE note ADD COLUMN wrong TEXT;\n")
    schema.migrate()
    schema.write("002.sql", "ALTER TABLE note ADD COLUMN right TEXT;\n")

    with pytest.raises(EditedError, match="has been applied and was edited since") as raised:
        schema.migrate()
    assert raised.value.redo

    assert schema.migrate(redo=True) == ("002.sql",)
    columns = [row[1] for row in schema.run("PRAGMA table_info(note)")]
    assert columns == ["id", "text", "right"]


def test_older_files_are_never_done_again(schema: Schema) -> None:
    schema.write("001.sql", FIRST)
    schema.write("002.sql", SECOND)
    schema.migrate()
    schema.write("001.sql", FIRST + "-- edited\n")

    with pytest.raises(EditedError, match="write a new migration instead") as raised:
        schema.migrate(redo=True)

    assert not raised.value.redo
    assert [one.edited for one in status(schema.database, schema.glob)] == [True, False]
