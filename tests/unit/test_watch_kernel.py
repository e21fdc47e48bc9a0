"""The contract with watchdog: the names we rely on, and what we make of its failures."""

from __future__ import annotations

import errno
import logging
import queue
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from watchdog import events

from hotswap.watch import kernel

WAIT = 30.0
"""Seconds that an event, which comes in milliseconds, may take."""

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="inotify")


@linux
def test_the_pairing_delay_is_where_we_shorten_it(monkeypatch):
    try:
        from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper as owner
    except ImportError:
        from watchdog.observers.inotify_buffer import InotifyBuffer as owner
    monkeypatch.setattr(owner, "delay", 0.5)
    assert kernel.shorten_pairing()
    assert owner.delay == kernel.PAIRING


@linux
def test_a_watchdog_without_that_attribute_is_left_alone(monkeypatch):
    for name in (
        "watchdog.observers.inotify_move_event_grouper",
        "watchdog.observers.inotify_buffer",
    ):
        monkeypatch.setitem(sys.modules, name, SimpleNamespace())
    assert not kernel.shorten_pairing()


def heard(directory) -> tuple[kernel.Kernel, queue.SimpleQueue]:
    inbox: queue.SimpleQueue = queue.SimpleQueue()
    system = kernel.Kernel(inbox.put)
    system.add(str(directory))
    return system, inbox


@linux
def test_what_the_kernel_tells(tmp_path, monkeypatch):
    # Both halves of a rename may be read one by one, by a thread that waits for its turn in between.
    monkeypatch.setattr(kernel, "PAIRING", WAIT)
    system, inbox = heard(tmp_path)
    try:
        file = tmp_path / "a.py"
        file.write_text("1")
        assert inbox.get(timeout=WAIT) == kernel.Event("created", str(file))
        assert inbox.get(timeout=WAIT) == kernel.Event("closed", str(file))
        assert file.read_text() == "1"  # reading is never told
        file.rename(tmp_path / "b.py")
        assert inbox.get(timeout=WAIT) == kernel.Event(
            "moved", str(file), dest=str(tmp_path / "b.py")
        )
        (tmp_path / "b.py").unlink()
        assert inbox.get(timeout=WAIT) == kernel.Event("deleted", str(tmp_path / "b.py"))
        (tmp_path / "sub").mkdir()
        assert inbox.get(timeout=WAIT) == kernel.Event(
            "created", str(tmp_path / "sub"), directory=True
        )
        assert inbox.empty()
    finally:
        system.stop()


@linux
def test_a_directory_can_be_dropped_and_watched_again(tmp_path):
    system, inbox = heard(tmp_path)
    try:
        system.drop(str(tmp_path))
        system.drop(str(tmp_path))
        assert not system.directories
        system.add(str(tmp_path))
        (tmp_path / "a.py").write_text("1")
        assert inbox.get(timeout=WAIT).kind == "created"
    finally:
        system.stop()


@linux
def test_a_directory_can_be_added_while_an_event_is_being_handed_over(tmp_path):
    """The loop's thread adds a directory in the midst of a swap; the dispatcher wakes it, and must hold no lock."""
    (tmp_path / "sub").mkdir()
    handing, added = threading.Event(), threading.Event()

    def post(event: kernel.Event) -> None:
        handing.set()
        assert added.wait(20)

    system = kernel.Kernel(post)
    try:
        system.add(str(tmp_path))
        (tmp_path / "a.py").write_text("1")
        assert handing.wait(20)
        adding = threading.Thread(target=system.add, args=(str(tmp_path / "sub"),), daemon=True)
        adding.start()
        adding.join(20)
        assert not adding.is_alive()
    finally:
        added.set()
        system.stop()


@linux
def test_lost_events_are_heard_of(tmp_path):
    system, inbox = heard(tmp_path)
    try:
        logging.getLogger(kernel.Overflow.LOGGER).warning(
            "Inotify queue overflowed; filesystem events were lost"
        )
        assert inbox.get(timeout=WAIT) == kernel.Event("overflow", "")
    finally:
        system.stop()
    logging.getLogger(kernel.Overflow.LOGGER).warning(
        "Inotify queue overflowed; filesystem events were lost"
    )
    assert inbox.empty()


@linux
def test_a_thread_of_watchdogs_that_ends_while_it_reads_is_no_news(tmp_path):
    """Its message was the last line of programs that had ended."""
    from watchdog.observers import inotify

    said = []
    handler = logging.Handler()
    handler.emit = said.append
    inotify.logger.addHandler(handler)
    system, _ = heard(tmp_path)
    try:
        (emitter,) = system._observer.emitters
        system.stop()
        if hasattr(emitter, "_lock"):
            emitter.queue_events(1.0)
        inotify.logger.error("something else")
    finally:
        inotify.logger.removeHandler(handler)
    assert [record.getMessage() for record in said] == ["something else"]


def test_events_we_do_not_know_are_ignored():
    seen = []
    handler = kernel.Handler(seen.append)
    handler.dispatch(events.FileOpenedEvent("/p/a.py"))
    handler.dispatch(events.DirModifiedEvent("/p"))
    handler.dispatch(SimpleNamespace(src_path="/p/a.py"))
    for name in ("FileClosedNoWriteEvent", "FileAttribEvent"):
        if hasattr(events, name):
            handler.dispatch(getattr(events, name)("/p/a.py"))
    assert seen == []


def test_paths_in_bytes_are_decoded():
    seen = []
    kernel.Handler(seen.append).dispatch(events.FileClosedEvent(b"/p/a.py"))
    assert seen == [kernel.Event("closed", "/p/a.py")]


@pytest.mark.parametrize(
    ("number", "code", "command"),
    [
        (errno.ENOSPC, "HS501", "sudo sysctl fs.inotify.max_user_watches="),
        (errno.EMFILE, "HS502", "sudo sysctl fs.inotify.max_user_instances="),
        (errno.EACCES, "HS504", "chmod u+rx /p"),
        (errno.EIO, "HS505", ""),
    ],
)
def test_every_failure_says_its_cause_and_the_command_that_mends_it(number, code, command):
    fault = kernel.explain(OSError(number, "x"), "/p")
    assert fault.code == code
    assert fault.hint.startswith(command)
    assert "polled instead" in fault.message


@linux
def test_no_more_file_descriptors_is_told_from_no_more_instances():
    """In a process of its own: what else runs in this one may open files, too."""
    program = (
        "import errno, os, resource\n"
        "from hotswap.watch import kernel\n"
        "used = max(int(name) for name in os.listdir('/proc/self/fd'))\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (used + 2, 4096))\n"
        "fault = kernel.explain(OSError(errno.EMFILE, 'x'), '/p')\n"
        "assert fault.code == 'HS503', fault\n"
        "assert fault.hint.startswith('ulimit -n '), fault\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=30,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 0, done.stderr


def test_no_more_threads_is_an_os_error(tmp_path):
    class Observer:
        def start(self) -> None: ...
        def stop(self) -> None: ...
        def join(self, timeout: float) -> None: ...
        def schedule(self, *args: object, **options: object) -> None:
            raise RuntimeError("can't start new thread")

    system = kernel.Kernel(print, lambda handler: Observer())  # type: ignore[arg-type,return-value]
    with pytest.raises(OSError, match="can't start new thread"):
        system.add(str(tmp_path))
    system.stop()
