"""The three-way merge of state, without a process: one image writes, the next reads."""

from __future__ import annotations

import asyncio
import io
import sys
import types
from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING, Any

import pytest

from hotswap import hooks
from hotswap.handover.digests import changed, digest
from hotswap.handover.state import State
from hotswap.wire.records import Manifest
from hotswap.wire.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Carrier(io.BytesIO):
    def rewind(self, position: int) -> None:
        self.seek(position)
        self.truncate()


class Image:
    """One process image: modules made from source under the names they have in every image."""

    def __init__(self, manifest: Manifest | None = None, **sources: str) -> None:
        hooks.runtime.kept.clear()
        hooks.runtime.carried.clear()
        hooks.runtime.migrations.clear()
        self.registry = Registry(manifest)
        self.state = State(self.registry)
        self.modules = []
        for name, source in sources.items():
            module = types.ModuleType(name)
            sys.modules[name] = module
            exec(source, vars(module))
            self.modules.append(module)
        self.state.remember(self.modules)
        self.notes = self.state.restore(manifest, self.modules)

    def __getattr__(self, name: str) -> Any:
        return sys.modules[name]

    def imports(self, name: str, source: str) -> None:
        """A module of the program that a function imports: after the app."""
        module = types.ModuleType(name)
        sys.modules[name] = module
        exec(source, vars(module))
        self.modules.append(module)
        self.state.joined(module, self.modules)

    def start_up(self, source: str = "", module: str = "app") -> None:
        exec(source, vars(sys.modules[module]))
        self.state._after_startup()

    def leave(self) -> Manifest:
        carrier = Carrier()
        late = self.state.late_changes(self.modules)
        self.lost = self.state.write(carrier, self.modules, frozenset(), late)
        return Manifest(state=memoryview(carrier.getvalue()))


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    before = dict(sys.modules)
    runtime = hooks.runtime
    hooks.runtime = type(runtime)()
    yield
    hooks.runtime = runtime
    for name in set(sys.modules) - set(before):
        del sys.modules[name]


def test_an_edited_constant_wins_and_gathered_data_wins() -> None:
    old = Image(app="LIMIT = 5\nrooms = {}\ncount = 0\nUNTOUCHED = [1, 2]")
    old.app.rooms["lobby"] = ["ann"]
    old.app.count = 7
    new = Image(old.leave(), app="LIMIT = 6\nrooms = {'default': []}\ncount = 0\nUNTOUCHED = [3]")

    assert new.app.LIMIT == 6
    assert new.app.rooms == {"lobby": ["ann"]}
    assert new.app.count == 7
    assert new.app.UNTOUCHED == [3]
    assert new.notes == ()


def test_containers_are_filled_in_place() -> None:
    """Another module has imported the very object."""
    sources = {
        "app": "import collections as c\nd = {}; l = []; s = set(); b = bytearray(); q = c.deque(maxlen=3)\n"
        "dd = c.defaultdict(list); k = c.Counter(); o = c.OrderedDict()",
        "other": "from app import d, l, s, b, q, dd, k, o",
    }
    old = Image(**sources)
    old.app.d["a"] = 1
    old.app.l.append(2)
    old.app.s.add(3)
    old.app.b += b"four"
    old.app.q.extend(range(9))
    old.app.dd["x"].append(5)
    old.app.k["y"] += 6
    old.app.o["z"] = 7
    new = Image(old.leave(), **sources)

    other = new.other
    assert (other.d, other.l, other.s, other.b) == ({"a": 1}, [2], {3}, b"four")
    assert (other.q, other.dd, other.k, other.o) == (
        deque([6, 7, 8], 3),
        defaultdict(list, {"x": [5]}),
        Counter(y=6),
        {"z": 7},
    )
    assert all(getattr(other, name) is getattr(new.app, name) for name in "dlsbqko")
    assert other.dd["new"] == []


def test_what_is_shared_stays_shared() -> None:
    """Between globals, across modules, and between a global and what holds it."""
    source = (
        "rooms = {}\nby_user = {}\nstate = {}\nclass Room:\n    def __init__(self): self.users = []"
    )
    old = Image(app=source)
    room = old.app.Room()
    old.app.rooms["lobby"] = room
    old.app.by_user["ann"] = room
    old.app.state["rooms"] = old.app.rooms
    room.users.append("ann")
    new = Image(old.leave(), app=source)

    assert new.app.rooms["lobby"] is new.app.by_user["ann"]
    assert new.app.state["rooms"] is new.app.rooms
    assert new.app.rooms["lobby"].users == ["ann"]
    assert type(new.app.rooms["lobby"]) is new.app.Room


def test_objects_of_the_program_are_merged_attribute_by_attribute() -> None:
    source = (
        "import threading\nclass Hub:\n    seen = set()\n    def __init__(self):\n"
        "        self.lock = threading.Lock(); self.limit = {limit}; self.users = {{}}\n"
        "hub = Hub()\nholders = [hub]"
    )
    old = Image(app=source.format(limit=5))
    old.app.hub.users["ann"] = 1
    old.app.Hub.seen.add("ann")
    old.app.holders.append(old.app.hub)
    new = Image(old.leave(), app=source.format(limit=6))

    assert new.app.hub.users == {"ann": 1}
    assert new.app.hub.limit == 6
    assert new.app.hub.lock.acquire(blocking=False)
    assert new.app.Hub.seen == {"ann"}
    assert new.app.holders == [new.app.hub, new.app.hub]


PEOPLE = """
import threading
class User:
    def __init__(self, name):
        self.name = name; self.friends = []; self.lock = threading.Lock()
user = None
current = None
users = {}
"""


def test_a_name_that_was_none_may_mean_an_object_now() -> None:
    """Set on first use; and two names for one object."""
    old = Image(app=PEOPLE)
    ann, bob = old.app.User("ann"), old.app.User("bob")
    old.app.user, old.app.current = ann, bob
    old.app.users.update(ann=ann, bob=bob)
    ann.friends.append(bob)
    bob.friends.append(ann)
    ann.lock.acquire()
    for _ in range(2):
        new = Image(old.leave(), app=PEOPLE)
        old = new

        assert (new.app.user.name, new.app.current.name) == ("ann", "bob")
        assert new.app.user is new.app.users["ann"]
        assert new.app.current is new.app.users["bob"] is new.app.user.friends[0]
        assert new.app.current.friends == [new.app.user]
        assert new.app.user.lock.acquire(blocking=False)
        assert new.notes == ()


def test_a_name_may_mean_another_object_than_before() -> None:
    source = (
        "class Node: pass\nclass Leaf(Node): pass\nroot = Node()\nhere = root\nother = Node()\n"
        "other.n = 1\nkind = Node()"
    )
    old = Image(app=source)
    old.app.here = old.app.other
    old.app.kind = old.app.Leaf()
    old.app.kind.x = 5
    old.app.other.n = 2
    new = Image(old.leave(), app=source)

    assert new.app.here is new.app.other is not new.app.root
    assert new.app.other.n == 2
    assert type(new.app.kind) is new.app.Leaf
    assert new.app.kind.x == 5


def test_objects_in_attributes_are_merged_as_well() -> None:
    """What cannot be pickled is the new image's own; what was gathered beside it is kept."""
    source = (
        "class Store:\n    def __init__(self): self.file = open('/dev/null'); self.rows = {}; self.last = None\n"
        "class Service:\n    def __init__(self): self.store = Store(); self.hits = 0\nservice = Service()"
    )
    old = Image(app=source)
    old.app.service.store.rows["a"] = 1
    old.app.service.store.last = old.app.Store()
    old.app.service.store.last.rows["b"] = 2
    old.app.service.hits = 3
    files = [old.app.service.store.file, old.app.service.store.last.file]
    new = Image(old.leave(), app=source)
    service = new.app.service

    assert (service.hits, service.store.rows) == (3, {"a": 1})
    assert not service.store.file.closed
    assert service.store.last.rows == {"b": 2}
    for file in (*files, service.store.file):
        file.close()


def test_an_object_that_start_up_makes_gets_its_state_after_start_up() -> None:
    source = "class Store:\n    def __init__(self): self.rows = {}\nstore = None"
    old = Image(app=source)
    old.start_up("store = Store()")
    old.app.store.rows["a"] = 1
    old.app.store.cache = [2]
    new = Image(old.leave(), app=source)
    assert new.notes == ()
    new.start_up("store = Store()")

    assert new.app.store.rows == {"a": 1}
    assert new.app.store.cache == [2]


def test_queues_counters_and_weak_collections_go_on() -> None:
    source = (
        "import array, asyncio, itertools, queue, weakref\njobs = asyncio.Queue()\nsync = queue.PriorityQueue()\n"
        "ids = itertools.count(5, 2)\nsamples = array.array('d')\nliving = weakref.WeakSet()\n"
        "named = weakref.WeakValueDictionary()\nclass A: pass\nheld = []"
    )
    old = Image(app=source)
    old.app.jobs.put_nowait("job")
    for each in (3, 1, 2):
        old.app.sync.put(each)
    next(old.app.ids)
    old.app.samples.extend([1.5, 2.5])
    a = old.app.A()
    old.app.held.append(a)
    old.app.living.add(a)
    old.app.named["a"] = a
    new = Image(old.leave(), app=source)

    assert new.app.jobs.get_nowait() == "job"
    assert [new.app.sync.get_nowait() for _ in range(3)] == [1, 2, 3]
    assert next(new.app.ids) == 7
    assert list(new.app.samples) == [1.5, 2.5]
    assert list(new.app.living) == new.app.held == [new.app.named["a"]]


def test_a_queue_that_start_up_makes_is_filled_after_start_up() -> None:
    source = "import asyncio\njobs = None\nclass Strict:\n    x = 0\n    def __setattr__(self, name, value):\n"
    source += "        raise TypeError(name)\nstrict = Strict()\nrest = []"
    old = Image(app=source)
    old.start_up("jobs = asyncio.Queue(5)")
    old.app.jobs.put_nowait("job")
    vars(old.app.strict)["gathered"] = 1
    old.app.rest.append(1)
    new = Image(old.leave(), app=source)
    new.start_up("jobs = asyncio.Queue(5)")

    assert new.app.jobs.get_nowait() == "job"
    assert new.app.jobs.maxsize == 5
    assert new.app.rest == [1]
    assert [note for note in new.notes if "strict" in note] == [
        "app.strict.gathered: state dropped: TypeError('gathered')"
    ]


def test_subclasses_of_plain_types_are_values() -> None:
    source = "from collections import namedtuple\nP = namedtuple('P', 'a b')\nclass Name(str): pass\np = n = None"
    old = Image(app=source)
    old.app.p, old.app.n = old.app.P(1, 2), old.app.Name("x")
    new = Image(old.leave(), app=source)

    assert new.app.p == (1, 2)
    assert type(new.app.p) is new.app.P
    assert type(new.app.n) is new.app.Name


def test_a_default_factory_that_cannot_be_pickled_costs_no_data() -> None:
    source = "from collections import defaultdict\nhits = defaultdict(lambda: 0, a=1)\ndeep = {}"
    old = Image(app=source)
    old.app.hits["a"] += 1
    old.app.deep["in"] = defaultdict(lambda: 0, x=1)
    new = Image(old.leave(), app=source)

    assert new.app.hits["a"] == 2
    assert new.app.hits["new"] == 0
    assert new.app.deep == {"in": {"x": 1}}
    assert any("<lambda>" in note for note in new.notes)


def test_what_could_not_be_written_is_told_by_the_next_image() -> None:
    old = Image(app="chain = []\nfine = []")
    chain: list[Any] = []
    for _ in range(sys.getrecursionlimit() * 30):
        chain = [chain]
    old.app.chain.append(chain)
    old.app.fine.append(1)
    new = Image(old.leave(), app="chain = []\nfine = []")
    while chain:
        chain = chain.pop()

    assert [note for note in new.notes if "app.chain" in note] == old.lost != []


def test_one_bad_object_loses_only_itself_and_is_named() -> None:
    source = "things = {}\nrest = []\nclass Holder: pass"
    old = Image(app=source)
    holder = old.app.Holder()
    holder.name, holder.call = "kept", lambda: 0
    old.app.things.update(good=1, bad=(lambda: 0), deep=[1, open(__file__), 2], holder=holder)  # noqa: SIM115
    old.app.rest.append("also kept")
    manifest = old.leave()
    old.app.things["deep"][1].close()
    new = Image(manifest, app=source)

    assert set(new.app.things) == {"good", "deep", "holder"}
    assert new.app.things["deep"] == [1, 2]
    assert vars(new.app.things["holder"]) == {"name": "kept"}
    assert new.app.rest == ["also kept"]
    assert any("<lambda>" in note for note in new.notes)
    assert any("TextIOWrapper" in note for note in new.notes)


def test_a_resource_that_came_later_is_named() -> None:
    """What start-up has made, it makes again."""
    old = Image(app="child = None\nopened = None\nrest = []")
    old.start_up("import threading\nopened = threading.Thread()")
    old.app.child = open("/dev/null")  # noqa: SIM115
    with old.app.child:
        manifest = old.leave()
    new = Image(manifest, app="child = None\nopened = None\nrest = []")

    assert new.app.child is None
    assert new.notes == (
        "app.child: a _io.TextIOWrapper is not carried, the new code makes its own",
    )


def test_half_a_library_object_is_none() -> None:
    """Whoever made its class knows what it needs; the others in the container are kept."""
    library = types.ModuleType("library")
    sys.modules["library"] = library
    exec(
        "class Client:\n    def __init__(self): self.retries = 3; self.call = lambda: 0\n"
        "    def __getattr__(self, name): return getattr(self.backend, name)",
        vars(library),
    )
    old = Image(app="clients = {}\ncount = 0")
    old.app.clients.update(a=library.Client(), b=1)
    old.app.count = 5
    new = Image(old.leave(), app="clients = {}\ncount = 0")

    assert new.app.clients == {"b": 1}
    assert new.app.count == 5
    assert new.notes == ("1 Client could not be carried and was removed from what held it",)


def test_a_class_that_has_gone_or_changed_loses_only_its_objects() -> None:
    old = Image(
        app="import enum\nclass Color(enum.Enum):\n    RED = 1\n    BLUE = 2\nclass Gone: pass\nd = {}\nn = []"
    )
    old.app.d.update(gone=old.app.Gone(), blue=old.app.Color.BLUE, red=old.app.Color.RED, x=1)
    old.app.n.append(1)
    new = Image(
        old.leave(), app="import enum\nclass Color(enum.Enum):\n    RED = 1\nd = {}\nn = []"
    )

    assert new.app.d == {"red": new.app.Color.RED, "x": 1}
    assert new.app.n == [1]
    assert len(new.notes) == 2


def test_attributes_go_into_slots_and_out_of_them() -> None:
    """A class that gains or loses `__slots__` is what exec reloads are for: its instances are carried all the same."""
    open_ = """
from dataclasses import dataclass

@dataclass
class Task:
    title: str

class Point:
    def __init__(self, x):
        self.x = x
        self.gone = 1

class Box:
    def __init__(self):
        self.rows = []

tasks, points, box = [], {}, Box()
"""
    slotted = open_.replace("@dataclass", "@dataclass(slots=True)").replace("self.gone = 1", "")
    slotted = slotted.replace("class Point:", "class Point:\n    __slots__ = ('x',)")
    slotted = slotted.replace("class Box:", "class Box:\n    __slots__ = ('rows',)")
    frozen = slotted.replace("slots=True", "slots=True, frozen=True")
    image = Image(app=open_)
    image.app.tasks += [image.app.Task("a"), image.app.Task("b")]
    image.app.points["p"] = image.app.Point(3)
    image.app.box.rows.append("row")

    for source in (slotted, open_, frozen, frozen, slotted):
        image = Image(image.leave(), app=source)
        assert image.notes == ()
        assert [task.title for task in image.app.tasks] == ["a", "b"]
        assert image.app.points["p"].x == 3
        assert image.app.box.rows == ["row"]


def test_a_name_that_became_something_else_is_dropped_and_said() -> None:
    old = Image(app="rooms = {}\nuser = None\nname = None")
    old.app.rooms["a"] = 1
    old.app.user = {"id": 1}
    old.app.name = "ann"
    new = Image(old.leave(), app="rooms = []\nuser = None\nname = None")

    assert new.app.rooms == []
    assert new.app.user == {"id": 1}
    assert new.app.name == "ann"
    assert new.notes == ("app.rooms: state dropped, it was a dict and is a list",)


def test_removed_names_are_forgotten_and_runtime_names_come_back() -> None:
    old = Image(app="gone = []\nkept = []")
    old.app.gone.append(1)
    old.app.made_later = {"a": 1}
    new = Image(old.leave(), app="kept = []")

    assert not hasattr(new.app, "gone")
    assert new.app.made_later == {"a": 1}


def test_deep_recursion_loses_only_its_own_value() -> None:
    old = Image(app="chain = []\nfine = []")
    chain: list[Any] = []
    for _ in range(sys.getrecursionlimit() * 30):
        chain = [chain]
    old.app.chain.append(chain)
    old.app.fine.append(1)
    manifest = old.leave()
    new = Image(manifest, app="chain = []\nfine = []")

    assert new.app.fine == [1]
    assert new.app.chain == [] or old.lost == []
    while chain:
        chain = chain.pop()


def test_kept_objects_cross_and_stay_the_same_object() -> None:
    source = (
        "import hotswap\nclass Board:\n    def __init__(self): self.scores = {}\n"
        "board = hotswap.keep('board', Board)\nnumbers = hotswap.keep('numbers', list)\n"
        "limit = hotswap.keep('limit', lambda: 5)\ndef later(): return hotswap.keep('later', dict)"
    )
    old = Image(app=source)
    old.app.board.scores["ann"] = 1
    old.app.numbers.append(2)
    old.app.later()["x"] = 3
    new = Image(old.leave(), app=source.replace("lambda: 5", "lambda: 6"))

    assert new.app.board.scores == {"ann": 1}
    assert new.app.numbers == [2]
    assert new.app.limit == 5
    assert new.app.later() == {"x": 3}


def test_what_start_up_sets_is_merged_with_what_it_had_set() -> None:
    source = "hits = 0\nmodels = {}\nseen = []"
    old = Image(app=source)
    old.start_up("hits = 100\nmodels['m'] = 'loaded'")
    old.app.hits += 7
    old.app.seen.append("x")
    manifest = old.leave()
    new = Image(manifest, app=source)
    new.start_up("hits = 100\nmodels['m'] = 'loaded'")

    assert new.app.hits == 107
    assert new.app.models == {"m": "loaded"}
    assert new.app.seen == ["x"]


def test_app_state_is_carried() -> None:
    source = (
        "class State:\n    def __init__(self): object.__setattr__(self, '_state', {})\n"
        "class App:\n    __module__ = 'fastapi'\n    def __init__(self): self.state = State()\napp = App()"
    )
    old = Image(app=source)
    old.start_up("app.state._state.update(count=0, users={})")
    old.app.app.state._state["count"] = 9
    old.app.app.state._state["users"]["ann"] = 1
    new = Image(old.leave(), app=source)
    new.start_up("app.state._state.update(count=0, users={})")

    assert new.app.app.state._state == {"count": 9, "users": {"ann": 1}}


def test_carried_instances_are_migrated() -> None:
    old = Image(app="class User:\n    def __init__(self): self.name = 'x'\nusers = []")
    old.app.users.append(old.app.User())
    new = Image(
        old.leave(),
        app="import hotswap\nclass User:\n    def __init__(self): self.name = 'x'; self.age = 1\nusers = []\n"
        "fresh = [User()]\n@hotswap.migrate(User)\ndef f(user): user.age = getattr(user, 'age', 0) + 10",
    )

    assert new.app.users[0].age == 10
    assert new.app.fresh[0].age == 1


def test_state_survives_many_images() -> None:
    source = "d = {}"
    image = Image(app=source)
    for turn in range(5):
        image.app.d[turn] = turn
        image = Image(image.leave(), app=source)
    assert image.app.d == {turn: turn for turn in range(5)}


@pytest.mark.parametrize(
    ("value", "other"),
    [(1, 2), ("a", "b"), ([1], [1, 2]), ([1], [2]), ({1: []}, {1: [0]}), (1, True)],
)
def test_digests_tell_values_apart(value: Any, other: Any) -> None:
    assert not changed(value, digest(value))
    assert changed(other, digest(value))


def test_nan_and_unpicklable_values_are_not_taken_for_changes() -> None:
    nan = float("nan")
    handlers = {"a": lambda: 0}
    assert not changed(nan, digest(nan))
    assert not changed(handlers, digest(handlers))


def test_a_task_that_ends_with_its_image_is_named_by_what_it_did() -> None:
    source = """
import asyncio
rooms = {}
class Room:
    def __init__(self): self.turn, self.task = 0, None
    async def run(self): await asyncio.sleep(100)
"""

    async def play() -> Manifest:
        for name in ("hall", "yard"):
            room = old.app.rooms[name] = old.app.Room()
            room.turn, room.task = 7, asyncio.create_task(room.run())
        return old.leave()

    old = Image(app=source)
    new = Image(asyncio.run(play()), app=source)

    assert [(room.turn, room.task) for room in new.app.rooms.values()] == [(7, None), (7, None)]
    assert new.notes == (
        "2 Task (Room.run) could not be carried and was removed from what held it",
    )


def test_a_module_imported_late_is_remembered_as_import_left_it(tmp_path: Path) -> None:
    """An import in a function, plug-ins: without that each of its values was carried as if it had been gathered."""
    (tmp_path / "plug.py").touch()
    sys.path.insert(0, str(tmp_path))
    try:
        old = Image(app="count = 0")
        old.imports("plug", "LIMIT = 1\ntold = []\nACTS = {'a': lambda: 'old', 'b': len}")
        old.plug.told.append("joke")
        manifest = old.leave()
        del sys.modules["plug"]
        new = Image(manifest, app="count = 0")
        assert new.notes == ()

        new.imports("plug", "LIMIT = 2\ntold = []\nACTS = {'a': lambda: 'new', 'b': len}")
        assert new.plug.LIMIT == 2
        assert new.plug.told == ["joke"]
        assert new.plug.ACTS["a"]() == "new"
    finally:
        sys.path.remove(str(tmp_path))


def test_state_of_a_module_that_nobody_imports_waits_through_images(tmp_path: Path) -> None:
    (tmp_path / "plug.py").touch()
    sys.path.insert(0, str(tmp_path))
    try:
        old = Image(app="held = {}")
        old.imports("plug", "told = []")
        old.plug.told.append("joke")
        old.app.held["told"] = old.plug.told
        for _ in range(2):
            manifest = old.leave()
            sys.modules.pop("plug", None)
            old = Image(manifest, app="held = {}")
        old.imports("plug", "told = []")

        assert old.plug.told == ["joke"]
        assert old.app.held == {"told": ["joke"]}
    finally:
        sys.path.remove(str(tmp_path))


def test_state_of_a_module_that_is_gone_is_named() -> None:
    old = Image(app="count = 0")
    old.imports("plug", "told = []")
    old.plug.told.append("joke")
    manifest = old.leave()
    del sys.modules["plug"]
    new = Image(manifest, app="count = 0")

    assert new.notes == ("plug: state dropped, the new code has no such name",)


def test_what_reading_the_state_imports_is_cleared_of_what_was_lost(tmp_path: Path) -> None:
    """A game's dict of behaviours, in a module that reading the state imports, held a `Lost` and ended the program."""
    source = "ACTS = {}\nclass Act:\n    pass\n"
    (tmp_path / "plug.py").write_text(source + "import tracker\ntracker.executed(__name__)\n")
    sys.path.insert(0, str(tmp_path))
    try:
        old = Image(app="held = []")
        old.imports("plug", source)
        old.app.held.append(old.plug.Act())
        old.plug.ACTS.update(a=lambda: "gathered", b=len)
        manifest = old.leave()
        del sys.modules["plug"]
        new = Image(app="held = []")

        def executed(name: str) -> None:
            new.modules.append(sys.modules[name])
            new.state.joined(sys.modules[name], new.modules)

        sys.modules["tracker"] = tracker = types.ModuleType("tracker")
        vars(tracker)["executed"] = executed
        new.state.restore(manifest, new.modules)

        assert [type(each) for each in new.app.held] == [new.plug.Act]
        assert list(new.plug.ACTS.items()) == [("b", len)]
    finally:
        sys.path.remove(str(tmp_path))
