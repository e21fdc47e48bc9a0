"""Who may talk to the development endpoints: this user's own pages, on this machine, and nobody else.

The model is Vite's after CVE-2025-24010: ``Host`` must be one we know (DNS rebinding), ``Origin`` must be the page's
own and a token must be known (cross-site WebSockets and forms), and there are no CORS headers at all.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import tempfile
from ipaddress import ip_address
from typing import TYPE_CHECKING

from hotswap.web.asgi import header, text_header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap.web.asgi import Headers

TOKEN_BYTES = 18


def is_loopback(host: str) -> bool:
    """Say whether `host` (a name or an address, without port) can only mean this machine.

    ``*.localhost`` is loopback by RFC 6761, section 6.3.
    """
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    # Until Python 3.13 an IPv4 address written as an IPv6 one (::ffff:127.0.0.1) is not unfolded (CPython gh-117566).
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def host_name(value: str) -> str:
    """Give the name of a ``Host`` header without its port, in lower case; ``""`` when it is malformed."""
    value = value.strip().lower()
    if value.startswith("["):
        inside, closed, port = value[1:].partition("]")
        return inside if closed and (not port or port[1:].isdigit()) else ""
    name, _, port = value.partition(":")
    return name.rstrip(".") if not port or port.isdigit() else ""


class Access:
    """The rules for one project; `open` is False while nobody may come in."""

    def __init__(
        self, *, root: str, allowed_hosts: Sequence[str], token_dir: str | None, allow_remote: bool
    ) -> None:
        self.allowed = frozenset(host.lower().rstrip(".") for host in allowed_hosts)
        self.allow_remote = allow_remote
        self.token = project_token(root, token_dir)
        self.open = True

    def host(self, headers: Headers) -> bool:
        """Say whether the request's one ``Host`` is loopback or allowed.

        With ``allow_remote`` a literal address will do as well: DNS rebinding needs a name.
        """
        values = [value for key, value in headers if key.lower() == b"host"]
        if len(values) != 1:
            return False
        name = host_name(values[0].decode("latin-1"))
        if is_loopback(name) or self._is_allowed(name):
            return True
        if self.allow_remote:
            try:
                ip_address(name)
            except ValueError:
                return False
            return True
        return False

    def origin(self, headers: Headers) -> bool:
        """Say whether the request comes from a page of this very server.

        A browser sends ``Origin`` with each WebSocket and POST; where there is none, ``Sec-Fetch-Site`` decides.
        """
        origin = header(headers, b"origin")
        if origin is None:
            return text_header(headers, b"sec-fetch-site") in ("", "same-origin", "none")
        scheme, separator, place = origin.decode("latin-1").lower().partition("://")
        if not separator or scheme not in ("http", "https"):
            return False
        if place == text_header(headers, b"host").lower() or self._is_allowed(host_name(place)):
            return True
        # Behind a proxy on this machine that asks us by our own name: the browser itself vouches for the page then.
        vouched = text_header(headers, b"sec-fetch-site") == "same-origin"
        return vouched and is_loopback(host_name(place))

    def same_site(self, headers: Headers) -> bool:
        """Say whether a browser sent this for a page of ours, or no browser sent it at all."""
        return text_header(headers, b"sec-fetch-site") not in ("cross-site", "same-site")

    def knows(self, token: str) -> bool:
        """Say whether `token` is ours, in constant time."""
        return secrets.compare_digest(token.encode(), self.token.encode())

    def _is_allowed(self, name: str) -> bool:
        return bool(name) and any(
            name == allowed or (allowed.startswith(".") and name.endswith(allowed))
            for allowed in self.allowed
        )


def project_token(root: str, directory: str | None) -> str:
    """Give the secret of this user and project: kept in a 0600 file, so that an open page is known after a crash.

    A folder or file that is not ours alone is never trusted: the token is then made for this process only.
    """
    try:
        folder = directory or _own_folder()
        name = hashlib.blake2b(os.path.realpath(root).encode(), digest_size=12).hexdigest()
        return _read_or_make(os.path.join(folder, f"{name}.token"))
    except OSError:
        return secrets.token_urlsafe(TOKEN_BYTES)


def _own_folder() -> str:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = (
        os.path.join(runtime, "hotswap")
        if runtime
        else os.path.join(tempfile.gettempdir(), f"hotswap-{user}")
    )
    os.makedirs(folder, mode=0o700, exist_ok=True)
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or _foreign(found, 0o077):
        raise PermissionError(f"{folder} is not a folder of this user alone")
    return folder


def _read_or_make(path: str) -> str:
    no_links = getattr(os, "O_NOFOLLOW", 0)
    try:
        made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | no_links, 0o600)
    except FileExistsError:
        opened = os.open(path, os.O_RDONLY | no_links)
        with os.fdopen(opened, encoding="ascii", errors="replace") as file:
            found = os.fstat(file.fileno())
            token = file.read(200).strip()
            if stat.S_ISREG(found.st_mode) and not _foreign(found, 0o077) and len(token) >= 16:
                return token
        raise PermissionError(f"{path} is not a file of this user alone") from None
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with os.fdopen(made, "w", encoding="ascii") as file:
        file.write(token)
    return token


def _foreign(found: os.stat_result, forbidden: int) -> bool:
    """Say whether somebody else owns or may read this (Windows keeps neither in the mode)."""
    if not hasattr(os, "getuid"):
        return False
    return found.st_uid != os.getuid() or bool(found.st_mode & forbidden)
