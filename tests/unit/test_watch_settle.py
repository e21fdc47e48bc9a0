"""When a save is complete, told by a clock and a disk that lie."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from hotswap.watch import settle
from hotswap.watch.disk import Disk, Sign

F = "/p/chat.py"
OTHER = "/p/models.py"
NEW = "/p/rooms.py"


@dataclass
class World:
    """Files by path, who has them open, and the time."""

    now: float = 100.0
    files: dict[str, Sign] = field(default_factory=dict)
    writing: dict[str, bool | None] = field(default_factory=dict)
    known: set[str] = field(default_factory=lambda: {F, OTHER})
    wall: int = 10**18
    asked: int = 0

    def settling(self, *git: str) -> settle.Settling:
        disk = Disk(
            sign=self.files.get,
            being_written=lambda path: self.writing.get(path, False),
            wall_ns=lambda: self.wall + int(self.now * 1e9),
        )
        return settle.Settling(disk, self.known.__contains__, git)

    def put(self, path: str, size: int = 10, mtime: int = 0) -> None:
        self.asked += 1
        self.files[path] = Sign(mtime or self.asked, size, self.asked)

    def drain(self, settling: settle.Settling) -> list[tuple[float, tuple[str, ...]]]:
        """Ask as long as it wants to be asked; give when what was ready."""
        found = []
        start = self.now
        for _ in range(10_000):
            ready, again = settling.ready(self.now)
            if ready:
                found.append((round(self.now - start, 3), ready))
            if again is None:
                return found
            assert again > 0
            self.now += again
        raise AssertionError("asks for ever")


@pytest.fixture
def world() -> World:
    world = World()
    world.put(F)
    world.put(OTHER)
    return world


def test_nothing_happened_nothing_is_ready(world):
    assert world.settling().ready(world.now) == ((), None)


def test_closed_after_writing_is_ready_at_once(world):
    settling = world.settling()
    settling.add("whole", F, world.now)
    assert settling.ready(world.now) == ((F,), None)
    assert settling.ready(world.now) == ((), None)


def test_the_files_of_one_moment_are_one_batch(world):
    settling = world.settling()
    settling.add("whole", OTHER, world.now)
    settling.add("whole", F, world.now)
    assert world.drain(settling) == [(0.0, (F, OTHER))]


def test_delete_and_create_is_one_save_of_the_new_file(world):
    settling = world.settling()
    old = world.files.pop(F)
    settling.add("gone", F, world.now)
    assert settling.ready(world.now)[0] == ()
    world.files[F] = old
    settling.add("perhaps", F, world.now)
    settling.add("whole", F, world.now)
    assert world.drain(settling) == [(0.0, (F,))]


def test_a_deleted_file_is_told_after_its_grace(world):
    settling = world.settling()
    del world.files[F]
    settling.add("gone", F, world.now)
    assert world.drain(settling) == [(settle.RETURN, (F,))]


def test_somebody_elses_temporary_file_is_never_told(world):
    settling = world.settling()
    settling.add("perhaps", "/p/tmp123.py", world.now)
    settling.add("whole", "/p/tmp123.py", world.now)
    assert world.drain(settling) == []


def test_a_name_that_appeared_whole_is_ready_after_a_moment(world):
    settling = world.settling()
    settling.add("perhaps", F, world.now)
    assert world.drain(settling) == [(settle.APPEARED, (F,))]


def test_a_file_that_is_being_written_waits_for_its_closing(world):
    settling = world.settling()
    world.writing[F] = True
    settling.add("perhaps", F, world.now)
    for _ in range(5):
        ready, again = settling.ready(world.now)
        assert ready == ()
        assert again is not None
        world.now += again
    world.writing[F] = False
    settling.add("whole", F, world.now)
    assert settling.ready(world.now) == ((F,), None)


def test_a_file_that_is_never_closed_is_told_in_the_end(world):
    settling = world.settling()
    world.writing[F] = True
    settling.add("perhaps", F, world.now)
    assert world.drain(settling) == [(settle.HELD, (F,))]


def test_closed_but_opened_again_waits_for_the_second_closing(world):
    settling = world.settling()
    world.writing[F] = True
    settling.add("whole", F, world.now)
    assert settling.ready(world.now)[0] == ()
    world.writing[F] = False
    settling.add("whole", F, world.now)
    assert world.drain(settling) == [(0.0, (F,))]


def test_truncated_and_closed_waits_for_the_content(world):
    settling = world.settling()
    world.put(F, size=0)
    settling.add("whole", F, world.now)
    assert settling.ready(world.now)[0] == ()
    world.now += 0.004
    world.put(F, size=99)
    settling.add("whole", F, world.now)
    assert world.drain(settling) == [(0.0, (F,))]


def test_a_file_may_be_emptied_for_good(world):
    settling = world.settling()
    world.put(F, size=0)
    settling.add("whole", F, world.now)
    assert world.drain(settling) == [(settle.EMPTY, (F,))]


def test_what_only_polling_saw_must_stand_still(world):
    settling = world.settling()
    settling.add("changed", F, world.now)
    assert settling.ready(world.now)[0] == ()
    world.now += settle.STABLE
    world.put(F)  # it grew meanwhile
    assert settling.ready(world.now)[0] == ()
    assert world.drain(settling) == [(settle.STABLE, (F,))]


def test_without_leases_a_new_name_must_stand_still(world):
    settling = world.settling()
    world.writing[F] = None
    settling.add("perhaps", F, world.now)
    assert world.drain(settling) == [(settle.STABLE, (F,))]


def test_a_renamed_module_is_one_batch(world):
    settling = world.settling()
    world.files[NEW] = world.files.pop(F)
    settling.add("gone", F, world.now, partner=NEW)
    settling.add("whole", NEW, world.now, partner=F)
    assert world.drain(settling) == [(settle.RETURN, (F, NEW))]


def test_a_file_renamed_into_place_does_not_wait_for_the_temporary_name(world):
    settling = world.settling()
    settling.add("gone", "/p/chat.tmp.py", world.now, partner=F)
    settling.add("whole", F, world.now, partner="/p/chat.tmp.py")
    assert world.drain(settling) == [(0.0, (F,))]


def test_the_batch_stays_open_while_git_holds_its_lock(world):
    settling = world.settling("/p/.git")
    world.put("/p/.git/index.lock", mtime=world.wall + int(world.now * 1e9))
    settling.add("whole", F, world.now)
    for _ in range(20):
        ready, again = settling.ready(world.now)
        assert ready == ()
        assert again is not None
        world.now += again
    settling.add("whole", OTHER, world.now)
    del world.files["/p/.git/index.lock"]
    assert world.drain(settling) == [(settle.CALM, (F, OTHER))]


def test_no_batch_stays_open_longer_than_ten_seconds(world):
    settling = world.settling("/p/.git")
    settling.add("whole", F, world.now)
    start = world.now
    while True:
        # a rebase: the lock is made anew again and again
        world.put("/p/.git/index.lock", mtime=world.wall + int(world.now * 1e9))
        ready, again = settling.ready(world.now)
        if ready:
            break
        world.now += again
    assert ready == (F,)
    assert world.now - start == pytest.approx(settle.HELD, abs=settle.CALM)


def test_the_lock_of_a_crashed_git_holds_nothing(world):
    settling = world.settling("/p/.git")
    world.put("/p/.git/index.lock", mtime=world.wall + int((world.now - 60) * 1e9))
    settling.add("whole", F, world.now)
    assert settling.ready(world.now) == ((F,), None)


def test_an_index_put_in_place_this_moment_means_more_is_on_its_way(world):
    settling = world.settling("/p/.git")
    world.put("/p/.git/index", mtime=world.wall + int(world.now * 1e9))
    settling.add("whole", F, world.now)
    assert settling.ready(world.now)[0] == ()
    world.now += 0.01
    settling.add("whole", OTHER, world.now)
    [(_, batch)] = world.drain(settling)
    assert batch == (F, OTHER)


def test_an_old_index_holds_nothing(world):
    settling = world.settling("/p/.git")
    world.put("/p/.git/index", mtime=world.wall)
    settling.add("whole", F, world.now)
    assert settling.ready(world.now) == ((F,), None)


def test_ten_saves_a_second_are_ten_batches(world):
    settling = world.settling()
    found = []
    for _ in range(10):
        settling.add("whole", F, world.now)
        found += world.drain(settling)
        world.now += 0.1
    assert found == [(0.0, (F,))] * 10


def test_what_a_checkout_deletes_is_in_its_batch(world):
    """A module renamed by git: the new file, its importer and the file that is gone are one save."""
    settling = world.settling("/p/.git")
    world.put("/p/.git/index.lock", mtime=world.wall + int(world.now * 1e9))
    del world.files[F]
    settling.add("gone", F, world.now)
    world.put(NEW)
    settling.add("whole", NEW, world.now)
    ready, again = settling.ready(world.now)
    assert not ready
    assert again is not None

    world.now += 0.1
    del world.files["/p/.git/index.lock"]

    assert [files for _, files in world.drain(settling)] == [(F, NEW)]
