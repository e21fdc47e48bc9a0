"""Globs, links, walks, mounts."""

from __future__ import annotations

import pytest

from hotswap.watch import mounts, places
from hotswap.watch.disk import Disk, Entry

R = "/p"


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("*.html", "/p/index.html", True),
        ("*.html", "/p/a/b/index.html", True),
        ("*.html", "/q/index.html", False),
        ("templates/*.html", "/p/templates/a.html", True),
        ("templates/*.html", "/p/templates/sub/a.html", False),
        ("templates/**/*.html", "/p/templates/a.html", True),
        ("templates/**/*.html", "/p/templates/x/y/a.html", True),
        ("templates", "/p/templates/x/a.html", True),
        ("./templates/", "/p/templates/a.html", True),
        ("templates", "/p/sub/templates/a.html", True),
        ("/q/data", "/q/data/x.json", True),
        ("/q/data/*.json", "/q/data/x.json", True),
        ("/q/data/*.json", "/q/data/x.yaml", False),
        ("[ab]?.py", "/p/a1.py", True),
        ("[!ab]?.py", "/p/a1.py", False),
        ("a+b(1).txt", "/p/a+b(1).txt", True),
    ],
)
def test_globs_say_which_paths_are_included(glob, path, expected):
    assert places.Globs((glob,), (), (R,)).included(path) is expected


def test_exclude_wins():
    globs = places.Globs(("*.html",), ("drafts",), (R,))
    assert globs.included("/p/a.html")
    assert not globs.included("/p/drafts/a.html")


def fake(tree: dict[str, list[Entry]], links: dict[str, str] | None = None) -> Disk:
    return Disk(entries=lambda path: tuple(tree.get(path, ())), link=(links or {}).get)


def test_a_walk_enters_nothing_that_nobody_edits():
    names = ["pkg", ".git", ".venv", "node_modules", "__pycache__", "x.egg-info", "drafts"]
    tree = {
        "/p": [*(Entry(name, directory=True) for name in names), Entry("a.py", directory=False)],
        "/p/pkg": [
            Entry("sub", directory=True),
            Entry("linked", directory=True, link=True),
            Entry(".hidden", directory=True),
        ],
    }
    globs = places.Globs(("*.html",), ("drafts",), (R,))
    assert list(places.walk("/p", fake(tree), globs, 99)) == ["/p", "/p/pkg", "/p/pkg/sub"]
    assert list(places.walk("/p", fake(tree), globs, 2)) == ["/p", "/p/pkg"]


def test_a_trail_names_every_link_on_the_way():
    links = {"/p/chat.py": "../shared/current/chat.py", "/shared/current": "v2"}
    real, met = places.trail("/p/chat.py", fake({}, links))
    assert real == "/shared/v2/chat.py"
    assert met == ("/p/chat.py", "/shared/current")


def test_a_trail_of_a_link_to_itself_ends():
    real, met = places.trail("/p/loop", fake({}, {"/p/loop": "loop"}))
    assert real == "/p/loop"
    assert len(met) == places.MAX_LINKS


@pytest.mark.parametrize(
    "name",
    [
        ".#chat.py",
        "#chat.py#",
        "chat.py~",
        ".chat.py.swp",
        "chat.py___jb_tmp___",
        "4913",
        "._chat.py",
    ],
)
def test_names_that_only_editors_see(name):
    assert places.TEMPORARY.search(name)


@pytest.mark.parametrize("name", ["chat.py", "_chat.py", ".env", "swp.py", "jb_tmp.py"])
def test_names_of_files(name):
    assert not places.TEMPORARY.search(name)


def test_git_directories(tmp_path):
    (tmp_path / "a" / ".git").mkdir(parents=True)
    (tmp_path / "a" / "pkg" / "sub").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / ".git").write_text("gitdir: ../a/.git/worktrees/b\n")
    found = places.git_directories(
        [f"{tmp_path}/a/pkg/sub", f"{tmp_path}/a", f"{tmp_path}/b"], Disk()
    )
    assert found == (f"{tmp_path}/a/.git", f"{tmp_path}/a/.git/worktrees/b")


MOUNTS = r"""
sysfs /sys sysfs rw 0 0
/dev/sda1 / ext4 rw 0 0
C:\134 /mnt/c 9p rw,aname=drvfs 0 0
server:/home /home/me nfs4 rw 0 0
/dev/sdb /home/me/local\040disk ext4 rw 0 0
me@host:/ /far fuse.sshfs rw 0 0
fuse-overlayfs /over fuse.fuse-overlayfs rw 0 0
share /media/sf vboxsf rw 0 0
/dev/sdc /ntfs fuseblk rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind", "silent"),
    [
        ("/usr/src/app", "ext4", False),
        ("/mnt/c/app", "9p", True),
        ("/mnt/cc", "ext4", False),
        ("/home/me", "nfs4", True),
        ("/home/me/app", "nfs4", True),
        ("/home/me/local disk/app", "ext4", False),
        ("/far/app", "fuse.sshfs", True),
        ("/over/app", "fuse.fuse-overlayfs", False),
        ("/media/sf/x", "vboxsf", True),
        ("/ntfs/x", "fuseblk", False),
    ],
)
def test_which_mounts_are_silent(path, kind, silent):
    mount = mounts.mount_of(path, mounts.parse(MOUNTS))
    assert mount is not None
    assert (mount.kind, mount.silent) == (kind, silent)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", True),
        ("true", True),
        ("false", False),
        ("disabled", False),
        ("", False),
        (None, False),
    ],
)
def test_the_variable_of_watchfiles(value, expected):
    assert mounts.forced({} if value is None else {"WATCHFILES_FORCE_POLLING": value}) is expected
