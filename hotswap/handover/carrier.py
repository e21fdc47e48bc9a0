"""The carrier: an anonymous file that takes the manifest and the state across execve.

A memfd on Linux, an unlinked 0600 file elsewhere: nothing on disk by name, nothing left after a crash. Standard library
only: it is read before anything of the app is imported. Layout, little endian: magic, version, two CRC-32, two
lengths; the records as a pickle of builtins with their field names; the pickled state. Another version, or torn
state, drops the state with a message, never the connections.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import time
import zlib
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Protocol

from hotswap.handover import inherited
from hotswap.wire.records import VERSION, ConnectionRecord, ListenerRecord, Manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

VARIABLE = "HOTSWAP_CARRIED_FD"
CRASHES = "HOTSWAP_CRASHES"
MAGIC = b"hotswap\x00"
_HEADER = struct.Struct(
    "<8sIIIxxxxQQ"
)  # magic, version, CRC of records, CRC of state, their lengths

HELD_SIGNALS = frozenset(
    getattr(signal, name)
    for name in ("SIGUSR1", "SIGTERM", "SIGINT", "SIGHUP")
    if hasattr(signal, name)
)
"""Blocked across execve: their default actions would end the process before the new handlers are in."""


class Writer(Protocol):
    """Where state is written to."""

    def write(self, data: Any, /) -> int:
        """Take bytes."""

    def tell(self) -> int:
        """Say how much was written."""

    def rewind(self, position: int) -> None:
        """Forget what was written after `position`, which must be 0."""


class _Checked:
    """Writes through and keeps the checksum."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.size = 0
        self.crc = 0

    def write(self, data: Any, /) -> int:
        view = memoryview(data).cast("B")
        self.crc = zlib.crc32(view, self.crc)
        self.size += len(view)
        _write_all(self._fd, view)
        return len(view)

    def tell(self) -> int:
        return self.size

    def rewind(self, position: int) -> None:
        if position:
            raise ValueError("checksums do not go backwards")
        start = os.lseek(self._fd, -self.size, os.SEEK_CUR)
        os.ftruncate(self._fd, start)
        self.size = self.crc = 0


def _write_all(fd: int, view: memoryview) -> None:
    while view:
        view = view[os.write(fd, view) :]


def create() -> int:
    """Open an empty carrier that crosses execve and has no name. Raises OSError."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("hotswap", os.MFD_ALLOW_SEALING)
    import tempfile

    fd, path = tempfile.mkstemp(prefix="hotswap-")  # 0600
    os.unlink(path)
    os.set_inheritable(fd, True)
    return fd


def pack(fd: int, manifest: Manifest, write_state: Callable[[Writer], None]) -> int:
    """Write everything into the empty carrier `fd` and seal it; give the size of the state. Raises OSError."""
    records = pickle.dumps(_as_builtins(manifest), 5)
    os.lseek(fd, _HEADER.size, os.SEEK_SET)
    _write_all(fd, memoryview(records))
    checked = _Checked(fd)
    write_state(checked)
    header = _HEADER.pack(
        MAGIC, VERSION, zlib.crc32(records), checked.crc, len(records), checked.size
    )
    os.pwrite(fd, header, 0)
    _seal(fd)
    return checked.size


def _seal(fd: int) -> None:
    """Let nobody change it any more: a parked image must find it as it was."""
    import fcntl

    if hasattr(fcntl, "F_ADD_SEALS") and hasattr(os, "memfd_create"):
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)


def unpack(fd: int) -> Manifest:
    """Read a carrier. Raises ValueError when it holds no records that can be trusted."""
    import mmap

    with mmap.mmap(fd, 0, access=mmap.ACCESS_READ) as probe:
        if len(probe) < _HEADER.size:
            raise ValueError("the carrier is empty")
        magic, version, records_crc, state_crc, records_size, state_size = _HEADER.unpack(
            probe[: _HEADER.size]
        )
    if magic != MAGIC:
        raise ValueError("the carrier holds something else")
    view = memoryview(mmap.mmap(fd, 0, access=mmap.ACCESS_READ))
    records = view[_HEADER.size : _HEADER.size + records_size]
    state = view[_HEADER.size + records_size : _HEADER.size + records_size + state_size]
    if len(records) != records_size or zlib.crc32(records) != records_crc:
        raise ValueError("the carrier is torn")
    manifest = _from_builtins(pickle.loads(records))
    manifest.fd = fd
    manifest.woke_at = time.time()
    manifest.crashes = int(os.environ.get(CRASHES, "0"))
    if version != VERSION:
        manifest.notes = (f"state dropped: it was written by format {version}, this is {VERSION}",)
    elif len(state) != state_size or zlib.crc32(state) != state_crc:
        manifest.notes = ("state dropped: the carrier is torn",)
    else:
        manifest.state = state
    return manifest


_PLAIN = tuple(
    each.name
    for each in fields(Manifest)
    if each.name not in ("state", "fd", "crashes", "notes", "woke_at")
)


def _as_builtins(manifest: Manifest) -> dict[str, Any]:
    """Give the manifest as builtins; rows carry no classes, so that another version can read them by field name."""
    plain = {name: getattr(manifest, name) for name in _PLAIN}
    plain["listeners"] = (ListenerRecord._fields, [tuple(row) for row in manifest.listeners])
    plain["connections"] = (ConnectionRecord._fields, [tuple(row) for row in manifest.connections])
    return plain


def _from_builtins(plain: dict[str, Any]) -> Manifest:
    facts = {name: plain[name] for name in _PLAIN if name in plain}
    facts["listeners"] = tuple(_rows(ListenerRecord, plain["listeners"]))
    facts["connections"] = tuple(_rows(ConnectionRecord, plain["connections"]))
    return Manifest(**facts)


def _rows(record: Any, table: tuple[Sequence[str], Sequence[tuple[Any, ...]]]) -> list[Any]:
    names, rows = table
    if tuple(names) == record._fields:
        return [record._make(row) for row in rows]
    known = set(record._fields)
    return [
        record(**{name: value for name, value in zip(names, row, strict=True) if name in known})
        for row in rows
    ]


def awake() -> Manifest | None:
    """Take what the last image left; None on an ordinary start. To be called once, first of all."""
    number = os.environ.pop(VARIABLE, None)
    manifest = unpack(int(number)) if number is not None else None
    os.environ.pop(CRASHES, None)
    if manifest is not None:
        for fd in (manifest.fd, *manifest.descriptors()):
            os.set_inheritable(fd, False)
    inherited.remember()
    return manifest


def hold_signals() -> None:
    """Let the reload's signals wait; what waits survives execve."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, HELD_SIGNALS)


def unblock() -> None:
    """Let signals through again: the new image's handlers are in.

    Those that end the program come first: of a reload that is asked for behind them its end would be lost.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)
