"""The carrier: nothing on disk by name, sealed, torn and foreign ones told apart."""

from __future__ import annotations

import os

import pytest

from hotswap.handover import carrier
from hotswap.wire.records import ConnectionRecord, ListenerRecord, Manifest


def packed(manifest: Manifest, state: bytes = b"state") -> int:
    fd = carrier.create()
    carrier.pack(fd, manifest, lambda writer: writer.write(state) and None)
    return fd


def example() -> Manifest:
    return Manifest(
        generation=7,
        reason="saved",
        listeners=(ListenerRecord(3, "tcp:x:1"),),
        connections=(
            ConnectionRecord(
                4, 1, "websocket", "tcp:x:1", raw=b"\x00\xff", queue=(("text", "hi"),)
            ),
        ),
        extras={"web": {"a": [1]}},
        next_id=9,
    )


def test_what_is_packed_is_unpacked() -> None:
    fd = packed(example())
    read = carrier.unpack(fd)

    assert (read.generation, read.reason, read.next_id) == (7, "saved", 9)
    assert (read.listeners, read.connections) == (example().listeners, example().connections)
    assert read.extras == {"web": {"a": [1]}}
    assert bytes(read.state) == b"state"
    assert read.notes == ()
    read.state.release()
    os.close(fd)


def test_another_version_drops_the_state_and_keeps_the_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fd = packed(example())
    monkeypatch.setattr(carrier, "VERSION", 99)
    read = carrier.unpack(fd)

    assert len(read.connections) == 1
    assert len(read.state) == 0
    assert read.notes == ("state dropped: it was written by format 1, this is 99",)


def test_fields_of_another_version_are_matched_by_name() -> None:
    rows = (("fd", "brand_new", "key", "id", "kind"), [(4, "?", "tcp:x:1", 2, "http")])
    assert carrier._rows(ConnectionRecord, rows) == [ConnectionRecord(4, 2, "http", "tcp:x:1")]


def test_a_torn_carrier_is_refused() -> None:
    fd = os.memfd_create("torn")
    os.write(fd, b"hotswap\x00 and no more than that, which is too little")
    with pytest.raises(ValueError, match=r"torn|empty"):
        carrier.unpack(fd)
    os.close(fd)


def test_a_sealed_carrier_cannot_be_changed() -> None:
    fd = packed(example())
    with pytest.raises(OSError):
        os.pwrite(fd, b"x", 0)
    os.close(fd)


def test_without_memfd_the_file_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    fd = packed(example())

    assert os.fstat(fd).st_nlink == 0
    assert os.fstat(fd).st_mode & 0o777 == 0o600
    assert os.get_inheritable(fd)
    read = carrier.unpack(fd)
    assert bytes(read.state) == b"state"
    read.state.release()
    os.close(fd)


def test_an_ordinary_start_carries_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(carrier.VARIABLE, raising=False)
    assert carrier.awake() is None
