"""What the wire relies on beyond documented interfaces; a failure names the attribute a new release has moved."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import socket
import subprocess
import sys

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


@pytest.mark.parametrize("name", ["asyncio", "uvloop"])
def test_loops_tell_what_they_wait_in(name: str) -> None:
    """``_selector`` of asyncio's, ``_get_backend_id`` of uvloop's: the doors are shut there."""
    from hotswap.wire import doors

    module = pytest.importorskip(name)
    loop = module.new_event_loop()
    try:
        number = doors.poller(loop)
        assert number is not None, f"{type(loop).__qualname__} no longer tells"
        assert os.fstat(number)
    finally:
        loop.close()


def test_asyncio_remembers_unix_sockets_to_unlink() -> None:
    """``_unix_server_sockets``, from 3.13 on; before, a closed server leaves its path."""
    loop = asyncio.new_event_loop()
    try:
        assert hasattr(loop, "_unix_server_sockets") is (sys.version_info >= (3, 13))
    finally:
        loop.close()


@pytest.mark.parametrize(
    ("thing", "names"),
    [
        (asyncio.events, ["_set_running_loop"]),
        (asyncio.Runner(), ["_on_sigint", "_interrupt_count"]),
        (logging, ["_handlerList"]),
        (subprocess, ["_args_from_interpreter_flags"]),
        (asyncio.Semaphore(3), ["_value"]),
        (asyncio.BoundedSemaphore(3), ["_value", "_bound_value"]),
        (asyncio.PriorityQueue(), ["_queue"]),
    ],
    ids=lambda each: getattr(each, "__name__", type(each).__name__),
)
def test_the_standard_library_has_what_is_used_of_it(thing: object, names: list[str]) -> None:
    assert [name for name in names if not hasattr(thing, name)] == []


def test_starlette_keeps_app_state_in_a_dict() -> None:
    from starlette.datastructures import State

    assert vars(State({"a": 1}))["_state"] == {"a": 1}, "starlette's State._state has moved"


def test_counters_tell_where_they_are() -> None:
    """``repr(itertools.count(...))`` is what is carried of one."""
    import itertools

    from hotswap.handover.renewed import on_from

    for counter in (itertools.count(5), itertools.count(5, 2), itertools.count(0.5, 0.25)):
        next(counter)
        again = on_from(repr(counter))
        assert [next(again) for _ in range(3)] == [next(counter) for _ in range(3)]
