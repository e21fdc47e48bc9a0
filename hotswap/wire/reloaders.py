"""Reloaders of servers that a program starts itself: they stand aside.

Otherwise a child that restarts would serve instead of us. ``uvicorn.run("main:app", reload=True)``, Flask's
``app.run(debug=True)`` and Django's ``runserver`` serve from this very process under hotswap, which follows the saves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def uvicorn(module: Any) -> None:
    """Let ``uvicorn.config.Config`` say that it does not reload."""
    module.Config.should_reload = property(lambda _: False)


def werkzeug(module: Any) -> None:
    """Run what ``werkzeug._reloader`` would run in a child."""

    def run_with_reloader(main_func: Callable[[], None], *_: Any, **__: Any) -> None:
        main_func()

    module.run_with_reloader = run_with_reloader


def django(module: Any) -> None:
    """Run what ``django.utils.autoreload`` would run in a child."""

    def run_with_reloader(main_func: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        main_func(*args, **kwargs)

    module.run_with_reloader = run_with_reloader
