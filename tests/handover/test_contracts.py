"""What the wire relies on beyond documented interfaces; a failure names the attribute a new release has moved."""

from __future__ import annotations

import asyncio
import pickle
import socket

import pytest

from hotswap.wire import contracts

NAMES = sorted({*contracts.METHODS, *contracts.STATE, *contracts.PRIVATE_METHODS})


@pytest.mark.parametrize("name", NAMES)
def test_all_names_are_there(name: str) -> None:
    pytest.importorskip(name.partition(":")[0])
    assert contracts.missing(name) == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_name_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(name.partition(":")[0])
    monkeypatch.setitem(contracts.STATE, name, ("no_such_attribute",))
    assert contracts.missing(name) == (f"{name.partition(':')[2]}.no_such_attribute",)


def test_uvicorn_names_its_protocols_by_import_strings() -> None:
    from uvicorn import config

    for table in (config.HTTP_PROTOCOLS, config.WS_PROTOCOLS):
        assert all(value is None or ":" in value for value in table.values())
    assert {"auto", "h11", "httptools"} <= set(config.HTTP_PROTOCOLS)
    assert {"auto", "websockets", "websockets-sansio", "wsproto"} <= set(config.WS_PROTOCOLS)


def test_cycles_are_looked_up_in_their_module() -> None:
    """``RequestResponseCycle`` is replaced there by a subclass."""
    from uvicorn.protocols.http import h11_impl, httptools_impl

    for protocol in (
        h11_impl.H11Protocol.handle_events,
        httptools_impl.HttpToolsProtocol.on_headers_complete,
    ):
        assert "RequestResponseCycle" in protocol.__code__.co_names


def test_asyncio_transports_tell_their_unsent_bytes() -> None:
    async def check() -> None:
        near, far = socket.socketpair()
        transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
            asyncio.Protocol, near
        )
        assert hasattr(transport, "_buffer"), "_SelectorTransport._buffer has moved"
        transport.abort()
        far.close()

    asyncio.run(check())


def test_pickle_memos_can_be_set() -> None:
    """``Pickler.memo``: anchors are put there; ``_Unpickler.dispatch``: the careful loader hooks there."""
    import io

    shared: list[int] = []
    out = io.BytesIO()
    pickler = pickle.Pickler(out, 5)
    pickler.memo = {id(shared): (0, shared)}
    pickler.dump([shared, shared])
    assert b"h\x00" in out.getvalue()
    assert pickle.REDUCE[0] in pickle._Unpickler.dispatch  # type: ignore[attr-defined]
