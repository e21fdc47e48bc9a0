"""``migrations = "app.db=migrations/*.sql"``: the schema follows its files while the program runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hotswap.data.listeners import matches
from hotswap.options import UsageError
from hotswap.source.model import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap.data.sqlite import MigrationError
    from hotswap.session.revising import Revising
    from hotswap.session.session import Session
    from hotswap.web.browser import Browser

KEY = "migrations"


def follower(session: Session, option: str) -> Migrating | Revising:
    """Make what follows the schema: SQL files for SQLite, or alembic's revisions.

    Raises:
        UsageError: The option is neither ``DATABASE=GLOB`` nor an alembic.ini that alembic can read.
    """
    if "=" in option or not option.endswith(".ini"):
        return Migrating(session, option)
    from hotswap.session.revising import Revising

    try:
        return Revising(session, option)
    except ImportError as error:
        raise UsageError(f"migrations = {option!r} needs alembic: {error}") from None
    except Exception as error:  # noqa: BLE001 -- alembic's own, which need not be installed
        raise UsageError(f"migrations = {option!r}: {error}") from None


class Migrating:
    """Applies pending files at the start and on save; asks before an edited one is applied again.

    Args:
        session: Whose console and pages are told.
        option: ``DATABASE=GLOB``, relative to the project.

    Raises:
        UsageError: It is not of that form.
    """

    def __init__(self, session: Session, option: str) -> None:
        database, equals, glob = option.partition("=")
        if not equals or not database or not glob:
            raise UsageError(f"migrations is DATABASE=GLOB or an alembic.ini, not {option!r}")
        self._session = session
        self._database = os.path.join(session.root, database)
        self.glob = os.path.join(session.root, glob)
        self._early: Callable[[Browser], None] | None = None

    def wants(self, path: str) -> bool:
        """Say whether a file is one of the migrations."""
        return matches(path, self.glob, self._session.root)

    def follow(self, paths: Sequence[str] = ()) -> Fault | None:
        """Apply what is pending; the fault of the file that fails, and pages and console are told.

        Args:
            paths: The files that were saved; none at the start.
        """
        from hotswap.data import sqlite

        try:
            done = sqlite.migrate(self._database, self.glob)
        except sqlite.EditedError as error:
            self._ask(error, redo=error.redo)
            return self._told(self._fault(error), paths)
        except (sqlite.MigrationError, OSError) as error:
            path = getattr(error, "path", paths[0] if paths else self._database)
            return self._told(self._fault(error, path), paths)
        self._mended()
        if done:
            self._session.console.say(
                f"migrated {os.path.basename(self._database)}: {', '.join(done)}"
            )
        return None

    def show(self, browser: Browser) -> None:
        """Tell the pages what was found at the start, before there was anybody to tell."""
        if self._early is not None:
            self._early(browser)

    def _told(self, fault: Fault, paths: Sequence[str]) -> Fault:
        """Keep a fault of the start for the pages; that of a save is reported with its batch."""
        if not paths and self._early is None:
            self._early = lambda browser: browser.fault(KEY, fault, kind="migration")
        return fault

    def _redo(self) -> None:
        """Apply the last file again, as the page's button asks.

        Raises:
            MigrationError: It fails; the page shows it.
        """
        from hotswap.data import sqlite

        done = sqlite.migrate(self._database, self.glob, redo=True)
        self._mended()
        for name in done:
            if self._session.browser is not None:
                path = os.path.join(os.path.dirname(self.glob), name)
                self._session.browser.settled(os.path.realpath(path))
        self._session.console.say(f"migrated again: {', '.join(done)}")

    def _ask(self, error: MigrationError, *, redo: bool) -> None:
        if not redo:
            return

        def ask(browser: Browser) -> None:
            browser.ask(
                KEY,
                title=f"{os.path.basename(error.path)} was edited after it had been applied",
                message="Applying it again puts the copy made before it back: what was written since is lost.",
                actions={"Apply it again": self._redo, "Leave it": self._mended},
            )

        if self._session.browser is not None:
            ask(self._session.browser)
        else:
            self._early = ask

    def _mended(self) -> None:
        self._early = None
        if self._session.browser is not None:
            self._session.browser.mended(KEY)

    def _fault(self, error: Exception, path: str = "") -> Fault:
        return Fault(
            code="HS702",
            title="migration failed",
            message=str(error),
            path=getattr(error, "path", path),
            line=getattr(error, "line", 0),
            hint="the database is as it was",
        )
