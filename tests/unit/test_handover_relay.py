"""The keeper's relay between real sockets: nothing lost, nothing held without bound, either side may end first."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from hotswap.handover import relay as relays
from hotswap.handover.relay import PIECE, Relay
from hotswap.handover.turning import Turning
from tests.handover.test_keeper import certify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="needs openssl to make certificates"
)

LONG = 60.0


class Kept:
    """A relay that turns in a thread, a client's plain socket, and the server's end once there is one."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.turning = Turning()
        self.over = threading.Event()
        self._far: list[socket.socket] = []
        self._opened = threading.Event()
        self._wake, wake = os.pipe()
        self._wake, self._ask = wake, self._wake
        self._asked: list[Callable[[], object]] = []
        self.plug, client = socket.socketpair()
        self.plug.settimeout(LONG)
        client.setblocking(False)
        self.relay = Relay(self.turning, client, context, self._open, self.over.set)
        self.turning.add_reader(self._ask, self._do)
        self._thread = threading.Thread(target=self.turning.run)
        self._thread.start()

    def _open(self, relay: Relay) -> None:
        assert relay.far is not None
        self._far.append(relay.far.dup())
        self._opened.set()

    def _do(self) -> None:
        os.read(self._ask, 1)
        self._asked.pop()()

    def call(self, step: Callable[[], object]) -> None:
        """Do something in the relay's thread, and wait until it is done."""
        done = threading.Event()
        self._asked.append(lambda: (step(), done.set()))
        os.write(self._wake, b"!")
        assert done.wait(LONG)

    @property
    def far(self) -> socket.socket:
        assert self._opened.wait(LONG)
        self._far[0].settimeout(LONG)
        return self._far[0]

    def secured(self) -> ssl.SSLSocket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(self.plug, suppress_ragged_eofs=False)

    def end(self) -> None:
        self.call(self.turning.stop)
        self._thread.join(LONG)
        for each in (self.plug, *self._far):
            each.close()
        self.relay.abort()
        os.close(self._wake)
        os.close(self._ask)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    path: Path = tmp_path_factory.mktemp("tls") / "cert.pem"
    certify(path, "here")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def kept(context: ssl.SSLContext) -> Iterator[Kept]:
    kept = Kept(context)
    yield kept
    kept.end()


def everything(plug: socket.socket) -> bytes:
    data = b""
    while piece := plug.recv(65536):
        data += piece
    return data


def exactly(plug: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (piece := plug.recv(size - len(data))):
        data += piece
    return data


def test_records_cut_at_every_byte_arrive_whole_and_in_order(kept: Kept) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client = context.wrap_bio(incoming, outgoing)
    while True:
        try:
            client.do_handshake()
            break
        except ssl.SSLWantReadError:
            for byte in outgoing.read():
                kept.plug.sendall(bytes((byte,)))
            incoming.write(kept.plug.recv(65536))
    for number in range(20):
        client.write(b"message %02d\n" % number)
    for byte in outgoing.read():
        kept.plug.sendall(bytes((byte,)))

    assert exactly(kept.far, 11 * 20) == b"".join(b"message %02d\n" % n for n in range(20))


def test_the_slower_side_sets_the_pace_and_nothing_is_piled_up(kept: Kept) -> None:
    client = kept.secured()
    sent = os.urandom(1 << 20) * 4
    pushing = threading.Thread(target=client.sendall, args=(sent,))
    pushing.start()
    held: list[int] = []
    received = b""
    while len(received) < len(sent):
        received += kept.far.recv(100_000)
        kept.call(lambda: held.append(len(kept.relay._to_server)))
    pushing.join(LONG)

    assert received == sent
    assert max(held) <= 2 * PIECE

    answering = threading.Thread(target=kept.far.sendall, args=(sent,))
    answering.start()
    assert exactly(client, len(sent)) == sent
    answering.join(LONG)


def test_a_client_may_end_first_and_hear_the_answer(kept: Kept) -> None:
    client = kept.secured()
    client.sendall(b"question")
    half = kept.plug if kept.plug.fileno() >= 0 else client
    socket.socket.shutdown(half, socket.SHUT_WR)  # of TCP alone: the TLS object stays usable

    assert everything(kept.far) == b"question"
    kept.far.sendall(b"answer")
    kept.call(kept.relay.release)
    kept.far.close()
    assert everything(client) == b"answer"  # and TLS's own farewell: a ragged end would raise
    assert kept.over.wait(LONG)


def test_a_server_that_closes_has_said_all_before(kept: Kept) -> None:
    client = kept.secured()
    said = os.urandom(300_000)
    talking = threading.Thread(target=kept.far.sendall, args=(said,))
    talking.start()
    received = exactly(client, 100_000)
    received += exactly(client, 200_000)
    talking.join(LONG)
    kept.call(kept.relay.release)
    kept.far.close()

    assert received == said
    assert client.recv(1) == b""
    assert kept.over.wait(LONG)


def test_a_client_that_goes_away_ends_the_servers_side(kept: Kept) -> None:
    client = kept.secured()
    client.sendall(b"half a")
    assert exactly(kept.far, 6) == b"half a"
    client.close()

    assert kept.far.recv(1) == b""


def test_who_does_not_speak_tls_is_shown_out(kept: Kept) -> None:
    kept.plug.sendall(b"GET / HTTP/1.1\r\n\r\n")
    answer = everything(kept.plug)

    assert answer[:1] in {b"", b"\x15"}  # an alert, where OpenSSL has one for it
    assert not kept.over.is_set()  # the server has never seen it


def test_a_handshake_has_a_limit(context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "HANDSHAKE", 0.0)
    kept = Kept(context)
    try:
        assert kept.plug.recv(1) == b""
    finally:
        kept.end()
