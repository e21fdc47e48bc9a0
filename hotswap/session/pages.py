"""Open pages as the session sees them: the browser's side is made here, and told what the app serves."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any, cast

from hotswap.session import telling

if TYPE_CHECKING:
    from hotswap.session.session import Session
    from hotswap.web.browser import Browser


def open_browser(session: Session) -> Browser:
    """Make the browser's side, with what the last image carried of it."""
    from hotswap.web.browser import Browser

    options = session.options
    session.browser = browser = Browser(
        root=session.root,
        editor=options.editor,
        on_patch=cast("Any", options.on_patch),  # one of the choices that options check
        cache_paths=options.cache,
        allowed_hosts=options.allowed_hosts,
        allow_remote=options.allow_remote,
        reconnect=options.reconnect_websockets,
        ask_reload=session.reloading.ask,
        status=lambda: telling.status(session),
        say=session.console.say,
        delivered=session.console.delivered,
        report=lambda fault, headline: session.console.fault(fault, headline=headline),
    )
    refused = next(filter(None, map(browser.bound, hosts(session))), "")
    if refused and session.manifest is None:
        session.console.say(refused, level="warning")
    carried = session.manifest.extras.get("web") if session.manifest is not None else None
    if carried:
        browser.adopt(carried)
    if session.migrating is not None:
        session.migrating.show(browser)
    return browser


def hosts(session: Session) -> list[str | None]:
    """Give the addresses that the server is bound to, without their ports; None for a Unix socket.

    A socket that was handed over is asked: what started the program bound it, to whatever it liked.
    """
    options = session.options
    if session.handed:
        return [_host(key.removeprefix("sock:")) for key in session.handed]
    if options.uds:
        return [None]
    if options.fd is None:
        return [options.host]
    with socket.socket(fileno=os.dup(options.fd)) as listening:
        name = listening.getsockname()
    return [name[0] if isinstance(name, tuple) else None]


def _host(address: str) -> str | None:
    return None if address[:1] in {"", "/", "\0", "@"} else address.rpartition(":")[0]


def serve_files(session: Session) -> None:
    """Tell the pages' side which static files and templates the app serves now."""
    if session.plan is None:
        return
    from hotswap.live import adapters

    static: list[tuple[str, str]] = []
    templates: list[str] = []
    by_name = {module.__name__: module for module in session.modules()}
    for adapter in adapters.active():
        for app in session.plan.apps():
            if adapter.owns(app):
                static.extend(adapter.served(app))
        static.extend(adapter.static())
        templates.extend(adapter.templates(by_name))
        if session.browser is not None:
            adapter.report(session.browser.caught)
    folders = list(dict.fromkeys(templates))
    session.templates = sum(len(files) for folder in folders for _, _, files in os.walk(folder))
    session.template_folders = tuple(folders)
    if session.browser is not None:
        session.browser.serves(list(dict.fromkeys(static)), folders)
