"""One TLS connection in the keeper's hands: what the client sends goes to the server decrypted, and back.

Straight on descriptors: what is read is passed on in the same turn, and only what the other side does not take waits
for another one. Of each direction one piece is held at most (`PIECE`); until it is gone nothing more is read, so that
the slower side sets the pace.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import socket
import ssl
import termios
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.handover.turning import Timer, Turning

PIECE = 65536
"""Bytes read at a time; also how far one connection goes before the others have their turn."""

ANSWERS = 4 * PIECE
"""Bytes that may wait for a client which asks for answers of TLS itself (new keys, say) and reads none of them."""

HANDSHAKE = 60.0
"""Seconds for the handshake; asyncio's own."""

FAREWELL = 30.0
"""Seconds for the client to close after we have; asyncio's own for the end of TLS."""


class Relay:
    """One client's connection, and the pair of sockets whose far end the server gets.

    Args:
        turning: The loop.
        client: An accepted connection, not blocking.
        context: What to speak TLS by.
        opened: Called when the handshake is done, with `far` there.
        over: Called when the server's side is closed; not when the handshake failed.
    """

    __slots__ = (
        "_asked",
        "_client_ended",
        "_heard",
        "_incoming",
        "_opened",
        "_outgoing",
        "_over",
        "_timer",
        "_to_client",
        "_to_server",
        "_turning",
        "client",
        "far",
        "near",
        "tls",
    )

    def __init__(
        self,
        turning: Turning,
        client: socket.socket,
        context: ssl.SSLContext,
        opened: Callable[[Relay], object],
        over: Callable[[], object],
    ) -> None:
        self._turning = turning
        self._opened = opened
        self._over = over
        self.client = client
        self.near: socket.socket | None = None
        self.far: socket.socket | None = None
        """The server's end, of which this is the keeper's copy."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._asked = 0
        """Bytes that the client has said since the server spoke last."""
        self._to_server = b""
        self._to_client = b""
        self._client_ended = False
        self._heard: Callable[[], None] = self._shake
        """What the client's next bytes are for."""
        self._timer: Timer | None = turning.call_later(HANDSHAKE, self.abort)
        self._arrange()

    @property
    def half_read(self) -> bool:
        """Some of what the client has said since the last answer was read by a server that has gone."""
        if self.far is None or not self._asked:
            return False
        unread = array.array("i", [0])
        fcntl.ioctl(self.far, termios.FIONREAD, unread)
        return unread[0] + len(self._to_server) < self._asked

    def _arrange(self) -> None:
        """Wait for what there is to wait for."""
        if self.client.fileno() < 0:
            return
        hear = not self._client_ended and not self._to_server and len(self._to_client) <= ANSWERS
        self._turning.watch(
            self.client.fileno(),
            self._heard if hear else None,
            self._more_to_client if self._to_client else None,
        )
        if self.near is not None:
            self._turning.watch(
                self.near.fileno(),
                None if self._to_client else self._from_server,
                self._more_to_server if self._to_server else None,
            )

    def _take(self) -> bytes | None:
        """Take what the client has sent, nothing when it has ended; None when there is nothing yet, or no client."""
        try:
            data = self.client.recv(PIECE)
        except BlockingIOError:
            return None
        except OSError:
            self.abort()
            return None
        self._incoming.write(data)
        return data

    def _shake(self) -> None:
        """Go on with the handshake; when it is done, give the connection a far end."""
        data = self._take()
        if not data:
            if data is not None:
                self.abort()
            return
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            self._utter()
            return
        except OSError:  # an ssl.SSLError is one
            self._utter()  # the alert that says why
            self.abort()
            return
        self._rest()
        try:
            self.near, self.far = socket.socketpair()
        except OSError:  # no more descriptors
            self.abort()
            return
        self.near.setblocking(False)
        self.far.setblocking(False)
        self._heard = self._from_client
        self._arrange()
        self._utter()
        if self.near is not None:  # the client has not gone meanwhile
            self._opened(self)
            self._decrypt()  # its first request may have come along

    # From the client to the server.

    def _from_client(self) -> None:
        data = self._take()
        if data:
            self._decrypt()
        elif (
            data is not None
        ):  # without TLS's own farewell, as many a client: it may listen all the same
            self._end_client()

    def _decrypt(self) -> None:
        """Pass on what has become readable."""
        near, plain, ended = self.near, b"", False
        if near is None:
            return
        try:
            plain = self.tls.read(PIECE)
            ended = not plain
            while self._incoming.pending and not ended:
                more = self.tls.read(PIECE)
                plain += more
                ended = not more
        except ssl.SSLWantReadError:
            pass  # the rest of a record is on its way
        except ssl.SSLZeroReturnError:
            ended = True
        except ssl.SSLError:
            self._utter()
            self.abort()
            return
        if plain:
            self._asked += len(plain)
            self._to_server = _rest_of(near, plain)
        if self._outgoing.pending:
            self._utter()
        if ended:
            self._end_client()
        elif self._to_server:
            self._arrange()

    def _more_to_server(self) -> None:
        if self.near is not None:
            self._to_server = _rest_of(self.near, self._to_server)
            if not self._to_server:
                self._pass_end()
                self._arrange()

    def _end_client(self) -> None:
        """The client says no more; it may listen on."""
        self._client_ended = True
        self._pass_end()
        self._arrange()

    def _pass_end(self) -> None:
        """Let the server read to the end, when the client has ended."""
        if self._client_ended and not self._to_server and self.near is not None:
            with contextlib.suppress(OSError):
                self.near.shutdown(socket.SHUT_WR)

    # From the server to the client.

    def _from_server(self) -> None:
        near = self.near
        if near is None:
            return
        try:
            data = near.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._finish()
            return
        self._asked = 0
        try:
            self.tls.write(data)
        except ssl.SSLError:
            self.abort()
            return
        self._utter()

    def _utter(self) -> None:
        """Send the client what TLS has to say."""
        data = self._outgoing.read()
        if self._to_client:
            self._to_client += data
            self._arrange()
        elif data:
            try:
                sent = self.client.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.abort()
                return
            if sent < len(data):
                self._to_client = data[sent:]
                self._arrange()

    def _more_to_client(self) -> None:
        try:
            self._to_client = self._to_client[self.client.send(self._to_client) :]
        except BlockingIOError:
            return
        except OSError:
            self.abort()
            return
        if not self._to_client:
            if self._heard == self._ignore:
                self._hang_up()
            else:
                self._arrange()

    # The end.

    def _finish(self) -> None:
        """The server has closed, and the client has been given all that it said."""
        self._heard = self._ignore
        self._timer = self._turning.call_later(FAREWELL, self.abort)
        self._let_go()
        with contextlib.suppress(ssl.SSLError):  # wants to read the client's own farewell
            self.tls.unwrap()
        self._utter()
        if not self._to_client:
            self._hang_up()

    def _hang_up(self) -> None:
        """Nothing more is to be sent: wait for the client to close, or what is under way to it could be lost."""
        if self._client_ended or self.client.fileno() < 0:
            self.abort()
            return
        with contextlib.suppress(OSError):
            self.client.shutdown(socket.SHUT_WR)
        self._arrange()

    def _ignore(self) -> None:
        """Throw away what the client says to nobody."""
        try:
            data = self.client.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.abort()

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def release(self) -> None:
        """Close the copy of the server's end: from now on the connection ends with the server's own, or with it."""
        if self.far is not None:
            self.far.close()
            self.far = None

    def _let_go(self) -> None:
        """Close the server's side."""
        self.release()
        near, self.near = self.near, None
        if near is not None:
            self._turning.watch(near.fileno(), None, None)
            near.close()
            self._to_server = b""
            self._over()

    def abort(self) -> None:
        """Close both sides at once."""
        self._rest()
        self._let_go()
        if self.client.fileno() >= 0:
            self._turning.watch(self.client.fileno(), None, None)
            self.client.close()


def _rest_of(server: socket.socket, data: bytes) -> bytes:
    """Give `server` what it takes of `data`, and back what it does not take now."""
    try:
        sent = server.send(data)
    except BlockingIOError:
        return data
    except OSError:  # it reads no more; what it has said is still sent
        return b""
    return data[sent:]
