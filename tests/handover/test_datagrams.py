"""Datagram sockets are kept through exec reloads: what is sent to them meanwhile waits, nothing is refused."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tests.handover.scripts import LOOPS, RUN, Script
from tests.handover.support import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.testing import Live, Project

pytestmark = pytest.mark.live

SERVER = """
import asyncio, socket, sys, threading

heard = {"thread": 0}


class Hub:
    def __init__(self):
        self.peers = set()


class Counter(asyncio.DatagramProtocol):
    def __init__(self, hub):
        self.hub, self.seen = hub, {}

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.hub.peers.add(address)
        self.seen[address] = self.seen.get(address, 0) + 1
        self.transport.sendto(b"%d %s" % (self.seen[address], data), address)


def receive(plug):
    while True:
        data, address = plug.recvfrom(100)
        heard["thread"] += 1
        plug.sendto(b"%d %s" % (heard["thread"], data), address)


async def main():
    hub = Hub()
    loop = asyncio.get_running_loop()
    port = int(sys.argv[2])
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: Counter(hub), local_addr=("127.0.0.1", port)
    )
    assert transport.get_protocol() is protocol and protocol.transport is transport
    plug = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    plug.bind(("127.0.0.1", int(sys.argv[3])))
    group = socket.inet_aton("239.7.7.7") + socket.inet_aton("127.0.0.1")
    plug.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
    threading.Thread(target=receive, args=(plug,), daemon=True).start()
    client, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=("127.0.0.1", port)
    )
    local = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    local.bind(f"\\0talk-{port}")
    print("port", port, flush=True)
    await asyncio.Event().wait()

"""


def free_ports(count: int) -> list[int]:
    plugs = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for plug in plugs:
        plug.bind(("127.0.0.1", 0))
    ports = [plug.getsockname()[1] for plug in plugs]
    for plug in plugs:
        plug.close()
    return ports


@pytest.mark.parametrize("loop_name", LOOPS)
def test_datagram_sockets_are_kept_with_what_their_protocol_has(
    project: Project, live: Callable[..., Live], loop_name: str
) -> None:
    """Of an endpoint and of a thread; one that joined a group joins it again.

    A client's ends, and one of the Unix family; both are named.
    """
    ports = free_ports(2)
    project.write(server=SERVER + RUN)
    script = Script(live("server.py", program=(loop_name, *map(str, ports)), wait=False))
    plugs = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in ports]
    for plug, port in zip(plugs, ports, strict=True):
        plug.settimeout(PATIENCE)
        plug.connect(("127.0.0.1", port))
    endpoint, thread = plugs
    asked = 0
    for turn in range(2):
        thread.send(b"before")
        assert thread.recv(100) == b"%d before" % (2 * turn + 1)
        since, outcomes = len(script.live.events), []
        script.live.signal(signal.SIGUSR1)
        while not outcomes:
            asked += 1
            endpoint.send(b"and")
            assert endpoint.recv(100) == b"%d and" % asked
            outcomes = [each["reload"] for each in script.live.events[since:] if "reload" in each]
        thread.send(b"after")
        assert thread.recv(100) == b"%d after" % (2 * turn + 2)
        assert outcomes[0]["kept"] == {"datagram socket": 2}
        assert outcomes[0]["lost"] == [
            f"1 datagram socket that the program had opened to 127.0.0.1:{ports[0]}",
            f"1 datagram socket bound to @talk-{ports[0]}",
        ]
    for plug in plugs:
        plug.close()
