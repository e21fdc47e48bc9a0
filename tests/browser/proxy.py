"""A reverse proxy as small as can be: one request a connection, headers and path changed as real ones change them."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Proxy:
    """Listens on a port of its own and asks `upstream`.

    Args:
        upstream: The port of the real server.
        prefix: Stripped from each path; anything else is not found.
        keep_host: Whether the upstream is told the name and port that the browser asked for.
        upgrades: Whether WebSockets come through.
        late: Paths whose answer, asked for at once, is passed on when the event is set.
    """

    def __init__(
        self,
        upstream: int,
        *,
        prefix: str,
        keep_host: bool,
        upgrades: bool,
        late: dict[str, threading.Event],
    ) -> None:
        self._upstream = upstream
        self._prefix = prefix
        self._keep_host = keep_host
        self._upgrades = upgrades
        self._late = late
        self.port = 0

    async def serve(self, ready: threading.Event) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        async with server:
            await server.serve_forever()

    async def _connected(self, read: asyncio.StreamReader, write: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await read.readuntil(b"\r\n\r\n")
            asked = self._changed(head)
            if asked:
                above = await asyncio.open_connection("127.0.0.1", self._upstream)
                above[1].write(asked)
                late = self._late.get(head.split(b" ")[1].decode())
                if late and not late.is_set():
                    answer = await above[0].read()  # each connection is closed behind its answer
                    await asyncio.to_thread(late.wait, 30)
                    write.write(answer)
                await asyncio.gather(_pump(read, above[1]), _pump(above[0], write))
            else:
                write.write(
                    b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                )
        write.close()

    def _changed(self, head: bytes) -> bytes:
        """Give the request as the upstream gets it; nothing when it is not below the prefix."""
        first, *lines = head.rstrip(b"\r\n").split(b"\r\n")
        method, path, version = first.split(b" ")
        prefix = self._prefix.encode()
        if not path.startswith(prefix + b"/"):
            return b""
        upgrade = any(line.lower().startswith(b"upgrade:") for line in lines)
        if upgrade and not self._upgrades:
            return b""
        out = [b" ".join((method, path[len(prefix) :], version))]
        for line in lines:
            name = line.partition(b":")[0].lower()
            if name == b"host" and not self._keep_host:
                out.append(f"Host: 127.0.0.1:{self._upstream}".encode())
            elif name != b"connection" or upgrade:
                out.append(line)
        if not upgrade:
            out.append(b"Connection: close")
        return b"\r\n".join(out) + b"\r\n\r\n"


async def _pump(read: asyncio.StreamReader, write: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await read.read(65536):
            write.write(data)
            await write.drain()
    write.close()


@contextlib.contextmanager
def proxying(
    upstream: int,
    *,
    prefix: str = "",
    keep_host: bool = True,
    upgrades: bool = True,
    late: dict[str, threading.Event] | None = None,
) -> Iterator[int]:
    """Run a proxy in a thread; gives its port."""
    proxy = Proxy(upstream, prefix=prefix, keep_host=keep_host, upgrades=upgrades, late=late or {})
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    task = loop.create_task(proxy.serve(ready))

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        for left in asyncio.all_tasks(loop):
            left.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield proxy.port
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)
