"""``migrations = "alembic.ini"``: revisions that the database has not got are shown, with a button that upgrades it."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from hotswap import undebugged
from hotswap.data.listeners import matches
from hotswap.source.model import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap.data.alembic import Pending
    from hotswap.session.session import Session
    from hotswap.web.browser import Browser

KEY = "migrations"
SHOWN_OUTPUT = 2_000
"""Characters of what a failed upgrade printed last."""


class Revising:
    """Looks at the start and on each saved revision; upgrades only when asked to.

    Args:
        session: Whose console and pages are told.
        config: Path of ``alembic.ini``, relative to the project.
    """

    def __init__(self, session: Session, config: str) -> None:
        self._session = session
        self._config = os.path.join(session.root, config)
        self.glob = os.path.join(_versions(self._config), "*.py")
        self._missing: Sequence[Pending] = ()

    def wants(self, path: str) -> bool:
        """Say whether a file is one of the revisions."""
        return matches(path, self.glob, self._session.root)

    def follow(self, paths: Sequence[str] = ()) -> Fault | None:
        """Tell pages and console what is pending; the fault when that cannot be found out.

        Args:
            paths: The files that were saved; none at the start.
        """
        from hotswap.data.alembic import pending

        try:
            self._missing = missing = pending(self._config)
        except Exception as error:  # noqa: BLE001 -- a revision fails in any way it likes
            return Fault(
                code="HS702",
                title="the revisions cannot be read",
                message=f"{type(error).__name__}: {error}",
                path=paths[0] if paths else self._config,
                hint="the database is as it was",
            )
        if not missing:
            self._mended()
            return None
        self._session.console.say(f"{self._count()}: {', '.join(self._lines())}")
        if self._session.browser is not None:
            self.show(self._session.browser)
        return None

    def show(self, browser: Browser) -> None:
        """Ask the pages whether to upgrade, when there is something to upgrade to."""
        if self._missing:
            browser.ask(
                KEY,
                title=f"{self._count()} for the database",
                message="\n".join(self._lines()),
                actions={"Upgrade": self._upgrade, "Not now": self._mended},
            )

    def _count(self) -> str:
        number = len(self._missing)
        return f"{number} revision{'s are' if number > 1 else ' is'} pending"

    def _lines(self) -> list[str]:
        return [f"{one.revision}  {one.message}".rstrip() for one in self._missing]

    async def _upgrade(self) -> None:
        """Upgrade in a process of its own: ``env.py`` sets up logging, and may run a loop.

        Raises:
            RuntimeError: It fails, with what alembic said of it.
        """
        alembic = (sys.executable, "-m", "alembic", "-c", self._config, "upgrade", "heads")
        process = await asyncio.create_subprocess_exec(
            *undebugged.command(alembic),
            cwd=self._session.root,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        if process.returncode:
            said = last_words(output.decode("utf-8", "replace"))
            self._session.console.say(f"alembic could not upgrade: {said}", level="warning")
            raise RuntimeError(said)
        self._mended()
        self._session.console.say("the database is at the newest revision")

    def _mended(self) -> None:
        if self._session.browser is not None:
            self._session.browser.mended(KEY)


def last_words(output: str) -> str:
    """Give what a failed program said at its end: the exception without its traceback, at most `SHOWN_OUTPUT`."""
    lines = output.strip().splitlines()
    frames = [number for number, line in enumerate(lines) if line.startswith(" ")]
    words = lines[frames[-1] + 1 :] if frames else lines
    return "\n".join(words or lines)[-SHOWN_OUTPUT:]


def _versions(config: str) -> str:
    """Give the folder of the revisions, as ``alembic.ini`` names it."""
    from hotswap.data.alembic import versions

    return versions(config)
