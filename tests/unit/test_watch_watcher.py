"""The watcher over a kernel that is played by the test; the disk is real where not said otherwise."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field

import pytest

from hotswap.watch import Watcher, kernel
from hotswap.watch.disk import Disk, sign


@dataclass
class Played:
    """A kernel that says what the test makes it say, and refuses what it is told to refuse."""

    post: object = None
    directories: set[str] = field(default_factory=set)
    refuses: dict[str, int] = field(default_factory=dict)
    stopped: bool = False

    def add(self, directory: str) -> None:
        number = self.refuses.get(directory, self.refuses.get("*", 0))
        if number:
            raise OSError(number, os.strerror(number))
        self.directories.add(directory)

    def drop(self, directory: str) -> None:
        self.directories.discard(directory)

    def stop(self) -> None:
        self.stopped = True


@dataclass
class Scene:
    root: str
    played: Played = field(default_factory=Played)
    now: float = 0.0
    wakes: int = 0
    watcher: Watcher = field(init=False)

    def begin(self, files=(), *, poll=None, disk=None, **options) -> Scene:
        def observe(post):
            self.played.post = post
            return self.played

        def wake() -> None:
            self.wakes += 1

        self.watcher = Watcher(
            wake=wake, poll=poll, clock=lambda: self.now, disk=disk, observe=observe
        )
        options.setdefault("roots", [self.root])
        self.watcher.watch([self.path(name) for name in files], **options)
        self.watcher.start()
        return self

    def path(self, name: str) -> str:
        return os.path.join(self.root, name)

    def write(self, name: str, text: str = "x = 1\n") -> str:
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def tell(self, kind, path: str, dest: str = "", *, directory: bool = False) -> None:
        self.played.post(kernel.Event(kind, path, directory, dest))

    def take(self) -> list[str]:
        """Take as long as there is something to wait for, on the played clock."""
        found: list[str] = []
        while True:
            settled = self.watcher.take()
            found += [os.path.relpath(path, self.root) for path in settled.files]
            if settled.again is None:
                return found
            self.now += settled.again


@pytest.fixture
def scene(tmp_path):
    scene = Scene(os.path.realpath(tmp_path))
    scene.write("pkg/a.py")
    scene.write("pkg/sub/b.py")
    yield scene
    scene.watcher.stop()


def test_directories_of_tracked_files_and_those_above_them(scene):
    scene.write("other/c.py")
    scene.begin(["pkg/sub/b.py"])
    assert scene.played.directories == {scene.root, scene.path("pkg"), scene.path("pkg/sub")}
    assert scene.watcher.polling == ""
    assert scene.wakes == 0


def test_a_save_wakes_once_and_is_given_once(scene):
    scene.begin(["pkg/a.py"])
    scene.tell("closed", scene.path("pkg/a.py"))
    scene.tell("closed", scene.path("pkg/a.py"))
    assert scene.wakes == 1
    assert scene.take() == ["pkg/a.py"]
    assert scene.take() == []
    scene.tell("closed", scene.path("pkg/a.py"))
    assert scene.wakes == 2


def test_what_nobody_asked_for_does_not_even_wake(scene):
    scene.begin(["pkg/a.py"], excludes=["pkg/generated"])
    for name in (
        "pkg/app.log",
        "pkg/a.py~",
        "pkg/.#a.py",
        "pkg/a.pyc",
        "pkg/generated/x.py",
        "x.db-wal",
    ):
        scene.tell("closed", scene.path(name))
    scene.tell("closed", "/elsewhere/x.py")
    assert scene.wakes == 0


def test_an_untracked_module_below_the_root_is_told(scene):
    scene.begin(["pkg/a.py"])
    scene.tell("closed", scene.write("pkg/new.py"))
    assert scene.take() == ["pkg/new.py"]


def test_temporary_modules_are_not(scene):
    scene.begin(["pkg/a.py"])
    scene.tell("created", scene.path("pkg/tmp81.py"))
    scene.tell("closed", scene.path("pkg/tmp81.py"))
    scene.tell("moved", scene.path("pkg/tmp81.py"), scene.path("pkg/a.py"))
    assert scene.take() == ["pkg/a.py"]


def test_backup_and_rename_is_one_save(scene):
    scene.begin(["pkg/a.py"])
    file = scene.path("pkg/a.py")
    scene.tell("moved", file, file + "~")
    scene.tell("created", file)
    scene.tell("closed", file)
    scene.tell("deleted", file + "~")
    assert scene.take() == ["pkg/a.py"]


def test_a_file_behind_a_link_is_watched_at_both_ends(scene, tmp_path_factory):
    shared = os.path.realpath(tmp_path_factory.mktemp("shared"))
    target = os.path.join(shared, "real.py")
    with open(target, "w") as file:
        file.write("x = 1\n")
    os.symlink(target, scene.path("pkg/linked.py"))
    scene.begin(["pkg/linked.py"])
    assert {shared, scene.path("pkg")} <= scene.played.directories
    scene.tell("closed", target)
    assert scene.take() == ["pkg/linked.py"]
    scene.tell("created", scene.path("pkg/linked.py"))
    assert scene.take() == ["pkg/linked.py"]
    # nothing else there is ours
    scene.tell("closed", os.path.join(shared, "other.py"))
    assert scene.take() == []


def test_included_directories_and_their_new_files(scene):
    scene.write("pkg/templates/deep/a.html")
    scene.write("pkg/node_modules/x/b.html")
    scene.begin(["pkg/a.py"], includes=["*.html"])
    assert scene.path("pkg/templates/deep") in scene.played.directories
    assert not any("node_modules" in path for path in scene.played.directories)
    scene.tell("closed", scene.path("pkg/templates/deep/a.html"))
    scene.tell("closed", scene.write("pkg/templates/new.html"))
    assert scene.take() == ["pkg/templates/deep/a.html", "pkg/templates/new.html"]


def test_a_new_directory_is_watched_and_what_is_in_it_already_told(scene):
    scene.begin(["pkg/a.py"])
    scene.write("pkg/fresh/deep/x.py")
    scene.tell("created", scene.path("pkg/fresh"), directory=True)
    assert scene.take() == ["pkg/fresh/deep/x.py"]
    assert scene.path("pkg/fresh/deep") in scene.played.directories


@pytest.mark.parametrize("name", ["node_modules", ".venv", "__pycache__", ".git"])
def test_new_directories_that_nobody_edits_are_not(scene, name):
    scene.begin(["pkg/a.py"])
    scene.write(f"pkg/{name}/x.py")
    scene.tell("created", scene.path(f"pkg/{name}"), directory=True)
    assert scene.take() == []
    assert not any(name in path for path in scene.played.directories)


def test_a_directory_that_goes_and_comes_back(scene):
    scene.begin(["pkg/a.py", "pkg/sub/b.py"])
    os.rename(scene.path("pkg"), scene.path(".away"))
    scene.tell("deleted", scene.path("pkg"), directory=True)
    assert scene.take() == ["pkg/a.py", "pkg/sub/b.py"]
    assert scene.played.directories == {scene.root}
    os.rename(scene.path(".away"), scene.path("pkg"))
    scene.tell("created", scene.path("pkg"), directory=True)
    assert scene.take() == ["pkg/a.py", "pkg/sub/b.py"]
    assert scene.path("pkg/sub") in scene.played.directories


def test_a_renamed_package_is_one_batch(scene):
    scene.begin(["pkg/a.py", "pkg/sub/b.py"])
    os.rename(scene.path("pkg"), scene.path("kit"))
    scene.tell("moved", scene.path("pkg"), scene.path("kit"), directory=True)
    settled = scene.watcher.take()
    assert settled.files == ()
    assert scene.take() == ["kit/a.py", "kit/sub/b.py", "pkg/a.py", "pkg/sub/b.py"]


def test_files_that_do_not_exist_yet_are_waited_for(scene):
    scene.begin(["pkg/a.py", "pkg/later/c.py"])
    assert scene.path("pkg/later") not in scene.played.directories
    scene.write("pkg/later/c.py")
    scene.tell("created", scene.path("pkg/later"), directory=True)
    assert scene.take() == ["pkg/later/c.py"]
    assert scene.path("pkg/later") in scene.played.directories


def test_lost_events_make_everything_suspect(scene):
    scene.begin(["pkg/a.py", "pkg/sub/b.py"])
    scene.tell("overflow", "")
    assert scene.take() == ["pkg/a.py", "pkg/sub/b.py"]


def test_a_full_table_is_told_once_and_the_rest_is_polled(scene):
    scene.played.refuses["*"] = errno.ENOSPC
    scene.begin(["pkg/a.py", "pkg/sub/b.py"])
    settled = scene.watcher.take()
    assert [fault.code for fault in settled.problems] == ["HS501"]
    assert "sysctl fs.inotify.max_user_watches" in settled.problems[0].hint
    assert scene.watcher.take().problems == ()
    assert "inotify watch table is full" in scene.watcher.polling


def test_one_unreadable_directory_does_not_blind_us(scene):
    disk = Disk(readable=lambda path: not path.endswith("sub"))
    scene.begin(["pkg/a.py", "pkg/sub/b.py"], disk=disk)
    [problem] = scene.watcher.take().problems
    assert problem.code == "HS504"
    assert problem.path == scene.path("pkg/sub")
    scene.tell("closed", scene.path("pkg/a.py"))
    assert scene.take() == ["pkg/a.py"]


def test_silent_mounts_are_polled_and_named(scene):
    disk = Disk(mounts=lambda: f"/dev/sda1 / ext4 rw 0 0\nhost {scene.path('pkg/sub')} 9p rw 0 0\n")
    scene.begin(["pkg/a.py", "pkg/sub/b.py"], disk=disk)
    assert scene.path("pkg/sub") not in scene.played.directories
    assert scene.path("pkg") in scene.played.directories
    assert scene.watcher.polling == f"every 0.25 s: 9p mount {scene.path('pkg/sub')}"


def test_polling_can_be_asked_for(scene):
    scene.begin(["pkg/a.py"], poll=2.5)
    assert scene.played.directories == set()
    assert scene.watcher.polling == "every 2.5 s: asked for"


def test_the_variable_of_watchfiles_is_honoured(scene, monkeypatch):
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "true")
    scene.begin(["pkg/a.py"])
    assert scene.played.directories == set()


def test_a_polled_change_wakes(scene):
    import threading

    woken = threading.Event()
    scene.played.refuses["*"] = errno.ENOSPC
    watcher = Watcher(wake=woken.set, poll=0.01, observe=lambda post: scene.played)  # type: ignore[arg-type,return-value]
    scene.watcher = watcher  # the fixture stops it
    watcher.watch([scene.path("pkg/a.py")], roots=[scene.root])
    watcher.start()
    scene.write("pkg/a.py", "y = 22\n")
    assert woken.wait(30)
    settled = watcher.take()
    while not settled.files:
        woken.clear()
        woken.wait(settled.again)
        settled = watcher.take()
    assert settled.files == (scene.path("pkg/a.py"),)


def test_a_closed_loop_does_not_kill_the_thread(scene):
    def wake() -> None:
        raise RuntimeError("Event loop is closed")

    scene.begin(["pkg/a.py"])
    scene.watcher._wake = wake
    scene.tell("closed", scene.path("pkg/a.py"))
    assert scene.take() == ["pkg/a.py"]


def test_growing_asks_only_about_what_is_new(scene):
    scene.begin(["pkg/a.py"])
    asked: list[str] = []
    scene.watcher._disk = Disk(link=lambda path: asked.append(path), sign=sign)  # type: ignore[func-returns-value]
    scene.watcher.watch([scene.path("pkg/a.py"), scene.path("pkg/sub/b.py")], roots=[])
    assert scene.path("pkg/sub/b.py") in asked
    assert scene.path("pkg/a.py") not in asked
    assert scene.path("pkg/sub") in scene.played.directories


def test_stop_stops(scene):
    scene.begin(["pkg/a.py"])
    scene.watcher.stop()
    assert scene.played.stopped
    scene.tell("closed", scene.path("pkg/a.py"))
    assert scene.wakes == 0
