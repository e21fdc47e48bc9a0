"""Alembic: revisions that the database has not got yet are noticed, and upgraded when asked to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Pending:
    """One revision that the database has not got."""

    revision: str
    message: str
    path: str


def pending(config: str, url: str = "") -> Sequence[Pending]:
    """Give the revisions between the database's and the newest, oldest first.

    Args:
        config: Path of ``alembic.ini``.
        url: The database, when the file does not name it (``sqlalchemy.url``).

    Raises:
        alembic.util.CommandError: The scripts are not in order.
        sqlalchemy.exc.SQLAlchemyError: The database cannot be asked.
    """
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from sqlalchemy import create_engine

    settings = _settings(config, url)
    scripts = ScriptDirectory.from_config(settings)
    engine = create_engine(settings.get_main_option("sqlalchemy.url") or "")
    try:
        with engine.connect() as connection:
            heads = MigrationContext.configure(connection).get_current_heads()
    finally:
        engine.dispose()
    known = {one.revision for one in scripts.iterate_revisions(heads, "base")} if heads else set()
    missing = [
        Pending(one.revision, one.doc or "", one.path)
        for one in scripts.iterate_revisions("heads", "base")
        if one.revision not in known
    ]
    return missing[::-1]


def versions(config: str) -> str:
    """Give the folder that holds the revisions.

    Args:
        config: Path of ``alembic.ini``.

    Raises:
        alembic.util.CommandError: The file names no scripts.
    """
    from alembic.script import ScriptDirectory

    return str(ScriptDirectory.from_config(_settings(config, "")).versions)


def upgrade(config: str, url: str = "") -> None:
    """Upgrade the database to the newest revision; alembic's own transaction rules apply.

    Raises:
        Exception: What alembic or a revision raises.
    """
    from alembic import command

    command.upgrade(_settings(config, url), "heads")


def _settings(config: str, url: str) -> Any:
    from alembic.config import Config

    settings = Config(config)
    if url:
        settings.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return settings
