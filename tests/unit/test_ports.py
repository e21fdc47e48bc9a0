"""Whether an address can be had, and who has it."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from hotswap.ports import BindError, check, check_descriptor, check_path

if TYPE_CHECKING:
    from pathlib import Path


def test_a_taken_port_names_who_holds_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(BindError, match=rf"pid {os.getpid()}\) holds it.*--port {port + 1}"):
            check("127.0.0.1", port)


def test_a_free_port_stays_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]

    check("127.0.0.1", port)

    socket.create_server(("127.0.0.1", port)).close()


def test_a_unix_socket_needs_a_directory_and_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    check_path(str(tmp_path / "new.sock"))
    with pytest.raises(BindError, match="there is no directory"):
        check_path(str(tmp_path / "none" / "x.sock"))
    with pytest.raises(BindError, match="no socket"):
        check_path(str(tmp_path / "file"))


def test_a_served_unix_socket_is_not_taken_and_a_left_one_is(tmp_path: Path) -> None:
    """asyncio removes whatever socket is there, so a second server would cut the first off in silence."""
    path = str(tmp_path / "x.sock")
    with socket.socket(socket.AF_UNIX) as served:
        served.bind(path)
        served.listen()
        with pytest.raises(BindError, match="a process listens there"):
            check_path(path)

    check_path(path)


def test_a_descriptor_must_be_a_socket(tmp_path: Path) -> None:
    with socket.socket() as inherited, open(tmp_path / "file", "w") as file:
        check_descriptor(inherited.fileno())
        with pytest.raises(BindError, match="no socket"):
            check_descriptor(file.fileno())
    with pytest.raises(BindError, match="nothing was inherited"):
        check_descriptor(file_number())


def file_number() -> int:
    """Give a descriptor that is not open."""
    number = os.dup(0)
    os.close(number)
    return number
