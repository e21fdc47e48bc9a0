"""What is worth watching: the files whose change matters now, and the patterns of those that may come."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hotswap import hooks
from hotswap.data import settings

if TYPE_CHECKING:
    from hotswap.session.session import Session


def files(session: Session) -> set[str]:
    """Give the files whose change matters now, those that failed to import included."""
    swapper = session.swapper
    found = set(swapper.tracked() | swapper.data_files() | swapper.pending)
    found.update(swapper.tracker.failed)
    if session.options.env_file:
        found.add(os.path.abspath(session.options.env_file))
    found |= settings.env_files()
    found.add(session.config)
    return found


def globs(session: Session) -> list[str]:
    """Give the patterns of what hooks, templates, pages and the schema ask for, new files included."""
    found = [
        glob if os.path.isabs(glob) else os.path.join(session.root, glob)
        for entries in list(hooks.runtime.file_listeners.values())
        for asked, _ in entries
        for glob in asked
    ]
    found.extend(session.template_folders)
    if session.browser is not None:
        found.extend(session.browser.interesting())
    if session.migrating is not None:
        found.append(session.migrating.glob)
    return found
