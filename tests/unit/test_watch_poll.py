"""Rounds of looking, without a thread."""

from __future__ import annotations

import os

from hotswap.watch.disk import Disk
from hotswap.watch.poll import Rounds


def rounds() -> Rounds:
    return Rounds(Disk(), lambda path: path.endswith(".py"))


def test_only_what_differs_is_told(tmp_path):
    file, other = tmp_path / "a.py", tmp_path / "b.py"
    file.write_text("1")
    other.write_text("1")
    looking = rounds()
    looking.add([str(file), str(other)], [])
    assert looking.look() == []
    file.write_text("22")
    assert looking.look() == [(str(file), True)]
    assert looking.look() == []
    other.unlink()
    assert looking.look() == [(str(other), False)]
    other.write_text("3")
    assert looking.look() == [(str(other), True)]


def test_same_size_rewritten_with_an_old_time_is_seen(tmp_path):
    file = tmp_path / "a.py"
    file.write_text("1")
    looking = rounds()
    looking.add([str(file)], [])
    before = file.stat()
    file.write_text("2")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert looking.look() == [(str(file), True)]


def test_new_files_and_directories_of_a_polled_directory(tmp_path):
    (tmp_path / "old.py").write_text("1")
    looking = rounds()
    looking.add([], [str(tmp_path)])
    assert looking.look() == []
    os.utime(tmp_path, ns=(0, 0))  # whatever the clock's grain, the next change shows
    looking.look()
    (tmp_path / "new.py").write_text("1")
    (tmp_path / "new.log").write_text("1")
    (tmp_path / "sub").mkdir()
    (tmp_path / ".venv").mkdir()
    assert sorted(looking.look()) == [
        (str(tmp_path / "new.py"), True),
        (str(tmp_path / "sub"), True),
    ]


def test_a_dropped_directory_is_looked_at_no_longer(tmp_path):
    file = tmp_path / "a.py"
    file.write_text("1")
    looking = rounds()
    looking.add([str(file)], [str(tmp_path)])
    looking.drop(str(tmp_path))
    assert not looking
    file.write_text("22")
    assert looking.look() == []


def test_one_round_over_a_thousand_files_asks_the_system_once_each():
    asked = []
    disk = Disk(sign=lambda path: asked.append(path))  # type: ignore[func-returns-value]
    looking = Rounds(disk, lambda path: True)
    looking.add([f"/p/{number}.py" for number in range(1000)], [])
    asked.clear()
    assert looking.look() == []
    assert len(asked) == 1000
