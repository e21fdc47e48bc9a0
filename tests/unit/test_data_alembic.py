"""Alembic: what the database has not got yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

alembic = pytest.importorskip("alembic")

from hotswap.data.alembic import pending, upgrade  # noqa: E402 -- after the skip
from hotswap.session.revising import last_words  # noqa: E402

ENV = """
from alembic import context
from sqlalchemy import create_engine

with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = '''
"""{message}"""
from alembic import op

revision = "{name}"
down_revision = {before}


def upgrade():
    op.execute("CREATE TABLE {name} (id INTEGER)")


def downgrade():
    op.execute("DROP TABLE {name}")
'''


def test_pending_revisions_are_told_oldest_first_and_upgraded(tmp_path: Path) -> None:
    scripts = tmp_path / "alembic" / "versions"
    scripts.mkdir(parents=True)
    (tmp_path / "alembic" / "env.py").write_text(ENV)
    config = tmp_path / "alembic.ini"
    config.write_text(
        f"[alembic]\nscript_location = {tmp_path}/alembic\nsqlalchemy.url = sqlite:///{tmp_path}/a.db\n"
    )
    for name, before, message in (("a1", None, "first"), ("b2", "a1", "second")):
        text = REVISION.format(name=name, before=repr(before), message=message)
        (scripts / f"{name}.py").write_text(text)

    before = pending(str(config))
    upgrade(str(config))

    assert [(one.revision, one.message) for one in before] == [("a1", "first"), ("b2", "second")]
    assert pending(str(config)) == []


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (
            (
                'Traceback (most recent call last):\n  File "env.py", line 1, in <module>\n    run()\n'
                'sqlite3.OperationalError: near "MAKE": syntax error\n[SQL: MAKE TABLE x]\n'
            ),
            'sqlite3.OperationalError: near "MAKE": syntax error\n[SQL: MAKE TABLE x]',
        ),
        ("FAILED: Can't locate revision\n", "FAILED: Can't locate revision"),
        ("  all of it indented\n", "all of it indented"),
        ("", ""),
    ],
)
def test_what_is_shown_of_a_failed_upgrade(output: str, words: str) -> None:
    assert last_words(output) == words
