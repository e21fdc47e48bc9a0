"""Live loops through the engine: tasks and sockets that are open while their file is saved."""

from __future__ import annotations

import asyncio
import importlib
import queue
import sys
import threading
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from hotswap.live.loops import supported
from hotswap.swapper import Swapper

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator
    from pathlib import Path

    from hotswap.source.model import Outcome

pytestmark = pytest.mark.skipif(bool(supported()), reason=supported())


class Project:
    """One module on disk, its swapper, and its edits."""

    def __init__(self, root: Path, name: str) -> None:
        self.path = root / f"{name}.py"
        self.name = name
        self.text = ""
        self.swapper = Swapper([root])
        self.module = ModuleType(name)

    def start(self, text: str) -> ModuleType:
        self.text = text
        self.path.write_text(text)
        self.module = importlib.import_module(self.name)
        return self.module

    def save(self, *edits: tuple[str, str]) -> Outcome:
        for old, new in edits:
            assert old in self.text
            self.text = self.text.replace(old, new)
        self.path.write_text(self.text)
        return self.swapper.apply([self.path])


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Project]:
    monkeypatch.syspath_prepend(tmp_path)
    name = f"live_{abs(hash(request.node.name))}"
    made = Project(tmp_path, name)
    yield made
    made.swapper.close()
    sys.modules.pop(name, None)


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        await asyncio.wait_for(work(), 30)

    asyncio.run(limited())


def waiting(
    serve: Callable[..., Coroutine[Any, Any, None]],
) -> tuple[asyncio.Queue[Any], asyncio.Queue[Any], asyncio.Task[None]]:
    """Start a task that takes items from a queue and says in another one what it did with them."""
    queue: asyncio.Queue[Any] = asyncio.Queue()
    said: asyncio.Queue[Any] = asyncio.Queue()
    return queue, said, asyncio.create_task(serve(queue, said))


JOBS = """
import asyncio
inbox = asyncio.Queue
said = None

async def poll(queue, said):
    n = 0
    while True:
        item = await queue.get()
        n += 1
        said.put_nowait(("v1", n, item))

class Door:
    async def serve(self, queue, said):
        async with asyncio.TaskGroup() as group:
            for turn in range(1000):
                item = await queue.get()
                group.create_task(self.answer(item, turn, said))
    async def answer(self, item, turn, said):
        said.put_nowait(("door v1", turn, item))

async def feed(queue):
    i = 0
    while True:
        yield ("v1", i, await queue.get())
        i += 1
"""


def test_tasks_take_the_edited_body_and_keep_their_locals(project: Project) -> None:
    jobs = project.start(JOBS)

    async def work() -> None:
        queue: asyncio.Queue[str] = asyncio.Queue()
        said: asyncio.Queue[Any] = asyncio.Queue()
        task = asyncio.create_task(jobs.poll(queue, said), name="poll")
        queue.put_nowait("a")
        assert await said.get() == ("v1", 1, "a")

        outcome = project.save(
            ("    n = 0\n", "    n = 0\n    seen = []\n"),
            ('("v1", n, item)', '("v2", n, item, seen)'),
            ("        n += 1\n", "        n += 1\n        seen.append(item)\n"),
        )
        assert (outcome.ok, outcome.rung, outcome.stale) == (True, "patch", ())
        assert "1 suspended frame runs the new body: poll" in outcome.notes
        queue.put_nowait("b")
        assert await said.get() == ("v2", 2, "b", ["b"])

        outcome = project.save(
            ("await queue.get()\n        n", "await asyncio.wait_for(queue.get(), 60)\n        n"),
            ("v2", "v3"),
        )
        assert any("finishes its turn of poll" in note for note in outcome.notes)
        queue.put_nowait("c")
        queue.put_nowait("d")
        assert [(await said.get())[:3] for _ in range(2)] == [("v2", 3, "c"), ("v3", 4, "d")]

        outcome = project.save(("import asyncio\n", "import asyncio\n# a line more\n"))
        assert (outcome.rung, outcome.notes, outcome.stale) == ("noop", (), ())
        [frame] = task.get_stack()
        assert (
            project.text.split("\n")[frame.f_lineno - 1].strip()
            == "item = await asyncio.wait_for(queue.get(), 60)"
        )

        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(work)


def test_a_faulted_batch_leaves_frames_on_the_old_body(project: Project) -> None:
    jobs = project.start(JOBS)

    async def work() -> None:
        queue, said, task = waiting(jobs.poll)
        await asyncio.sleep(0)
        outcome = project.save(("v1", "v2"), ("said = None", "said = 1 / 0"))
        assert outcome.fault is not None
        queue.put_nowait("a")
        assert await said.get() == ("v1", 1, "a")

        outcome = project.save(("1 / 0", "None"))
        assert outcome.ok
        queue.put_nowait("b")
        assert await said.get() == ("v2", 2, "b")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(work)


def test_a_batch_rolled_back_after_frames_were_written_puts_them_back(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hotswap.live import running

    jobs = project.start(JOBS)
    follow = running.follow
    written: list[str] = []

    def failing(*arguments: Any, **options: Any) -> Any:
        written.extend(v.kind for v in follow(*arguments, **options).verdicts)
        raise RuntimeError("after the frames were written")

    async def work() -> None:
        queue, said, task = waiting(jobs.poll)
        await asyncio.sleep(0)
        monkeypatch.setattr(running, "follow", failing)
        outcome = project.save(("v1", "v2"))
        monkeypatch.undo()
        assert outcome.fault is not None
        assert written == ["take"]
        queue.put_nowait("a")
        assert await said.get() == ("v1", 1, "a")
        assert project.save(("v2", "v3")).ok
        queue.put_nowait("b")
        assert await said.get() == ("v3", 2, "b")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(work)


def test_what_cannot_follow_is_stale_until_an_edit_lets_it(project: Project) -> None:
    jobs = project.start(JOBS)

    async def work() -> None:
        queue, said, task = waiting(jobs.poll)
        await asyncio.sleep(0)
        outcome = project.save(
            ("    n = 0\n", "    n = 0\n    door = open(__file__)\n"),
            ('("v1", n, item)', '("v2", n, item, door)'),
        )
        [stale] = outcome.stale
        assert (stale.name, stale.what, stale.count) == ("poll", "task", 1)
        assert stale.reason.startswith("door is bound by line")
        queue.put_nowait("a")
        assert await said.get() == ("v1", 1, "a")

        outcome = project.save(("said = None", "said = 0"))
        assert [row.name for row in outcome.stale] == ["poll"]

        outcome = project.save(("open(__file__)", '"front"'))
        assert outcome.stale == ()
        queue.put_nowait("b")
        assert await said.get() == ("v2", 2, "b", "front")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(work)


CALLS = """
import asyncio

async def receive(queue):
    return "v1", await queue.get()

async def drain(queue):
    first = await queue.get()
    for _ in range(2):
        await queue.get()
    return "v1", first

async def poll(ask, queue, said):
    while True:
        said.append(await ask(queue))
"""


@pytest.mark.parametrize("helper", ["receive", "drain"])
def test_a_call_that_a_loop_makes_anew_ends_in_the_old_body(project: Project, helper: str) -> None:
    """But not one that comes to a loop of its own: that may never end."""
    jobs = project.start(CALLS)

    async def work() -> None:
        queue: asyncio.Queue[str] = asyncio.Queue()
        said: list[Any] = []
        task = asyncio.create_task(jobs.poll(getattr(jobs, helper), queue, said))
        await asyncio.sleep(0)

        outcome = project.save(
            ("v1", "v2"),
            ("await queue.get()\n    for", "await asyncio.wait_for(queue.get(), 60)\n    for"),
            ('"v2", await queue.get()', '"v2", await asyncio.wait_for(queue.get(), 60)'),
        )

        for item in "ab" if helper == "receive" else "abcdef":
            queue.put_nowait(item)
        while len(said) < 2:
            await asyncio.sleep(0)
        assert [label for label, _ in said[:2]] == ["v1", "v2"]
        reason = "its await was edited or is gone"
        if helper == "receive":
            assert outcome.stale == ()
            line = "1 call ends in the old body of receive (line 5): "
            assert line + reason in outcome.notes
        else:
            assert [(row.name, row.reason) for row in outcome.stale] == [("drain", reason)]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(work)


def test_a_frame_that_finishes_its_turn_is_told_what_does_not_run_for_it(project: Project) -> None:
    jobs = project.start(JOBS.replace("    n = 0\n", "    n = 0\n    limit = 5\n"))

    async def work() -> None:
        queue, said, task = waiting(jobs.poll)
        await asyncio.sleep(0)

        outcome = project.save(
            ("    n = 0\n", '    n = 100\n    said.put_nowait("hello")\n'),
            ("limit = 5", "limit = 6"),
            ('("v1", n, item)', '("v2", n, item, limit)'),
            ("await queue.get()\n        n", "await asyncio.wait_for(queue.get(), 60)\n        n"),
        )

        [note] = [note for note in outcome.notes if "finishes its turn of poll" in note]
        assert "n keeps its value: line 7 does not run again" in note
        assert "line 8 is before its await and does not run for it" in note
        assert "limit is 6 now (line 9)" in note
        queue.put_nowait("a")
        queue.put_nowait("b")
        assert [await said.get() for _ in range(2)] == [("v1", 1, "a"), ("v2", 2, "b", 6)]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(work)


def test_task_groups_methods_and_async_generators_follow(project: Project) -> None:
    jobs = project.start(JOBS)

    async def work() -> None:
        queue, said, task = waiting(jobs.Door().serve)
        fed: asyncio.Queue[str] = asyncio.Queue()
        events = jobs.feed(fed)
        fed.put_nowait("x")
        assert await anext(events) == ("v1", 0, "x")
        queue.put_nowait("a")
        assert await said.get() == ("door v1", 0, "a")

        outcome = project.save(
            ("v1", "v2"),
            ("range(1000)", "range(2000)"),
            ("self.answer(item, turn, said)", "self.answer(item, -turn, said)"),
        )
        assert outcome.stale == ()
        assert any("the iterator of line" in note for note in outcome.notes)
        queue.put_nowait("b")
        assert await said.get() == ("door v2", -1, "b")
        fed.put_nowait("y")
        assert await anext(events) == ("v2", 1, "y")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await events.aclose()

    run(work)


GROUP = """
import asyncio

async def worker(queue, said):
    while True:
        said.append(await queue.get())

async def work(queue, said):
    async with asyncio.TaskGroup() as group:
        for _ in range(1):
            group.create_task(worker(queue, said))
"""


def test_the_body_of_a_task_group_has_run_when_it_is_left(project: Project) -> None:
    jobs = project.start(GROUP)

    async def work() -> None:
        queue: asyncio.Queue[str] = asyncio.Queue()
        task = asyncio.create_task(jobs.work(queue, []))
        while not getattr(queue, "_getters", None):
            await asyncio.sleep(0)

        outcome = project.save(("range(1)", "range(2)"))
        assert "work: line 10 is before its await and does not run for it" in outcome.notes
        assert outcome.stale == ()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(work)


def test_switched_off_nothing_moves(tmp_path: Path, project: Project) -> None:
    project.swapper.close()
    project.swapper = Swapper([tmp_path], live_loops=False)
    jobs = project.start(JOBS)

    async def work() -> None:
        *_, task = waiting(jobs.poll)
        await asyncio.sleep(0)
        [stale] = project.save(("v1", "v2")).stale
        assert (stale.name, stale.what, stale.reason) == (
            "poll",
            "task",
            "live loops are switched off",
        )
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(work)


APP = """
import asyncio
from fastapi import Depends, FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
app = FastAPI()
gone = []
beats = asyncio.Queue()
def who(): return "you"
@app.websocket("/ws")
async def chat(socket: WebSocket, name: str = Depends(who)):
    await socket.accept()
    n = 0
    try:
        while True:
            text = await socket.receive_text()
            n += 1
            await socket.send_text(f"v1 {name} {n} {text}")
    except WebSocketDisconnect:
        gone.append(("v1", n))
async def events():
    i = 0
    while True:
        await beats.get()
        yield f"data: v1 {i}\\n\\n"
        i += 1
@app.get("/events")
async def sse(): return StreamingResponse(events(), media_type="text/event-stream")
"""


@pytest.mark.live
def test_open_sockets_answer_with_the_new_code(project: Project) -> None:
    uvicorn = pytest.importorskip("uvicorn")
    pytest.importorskip("fastapi")
    websockets = pytest.importorskip("websockets.asyncio.client")
    module = project.start(APP)

    async def work() -> None:
        config = uvicorn.Config(module.app, port=0, log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        started = asyncio.Event()
        startup = server.startup

        async def announced(*arguments: Any, **options: Any) -> None:
            await startup(*arguments, **options)
            started.set()

        server.startup = announced
        serving = asyncio.create_task(server.serve())
        await started.wait()
        port = server.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")

        async def beat() -> str:
            module.beats.put_nowait(1)
            found = await reader.readuntil(b"\n\n")
            await reader.readuntil(b"\r\n")
            return found.split(b"data: ")[1].decode().strip()

        async with websockets.connect(f"ws://127.0.0.1:{port}/ws") as socket:

            async def ask(text: str) -> str:
                await socket.send(text)
                return str(await socket.recv())

            assert await ask("a") == "v1 you 1 a"
            assert await beat() == "v1 0"

            outcome = project.save(
                ("    n = 0\n", "    n = 0\n    seen = []\n"),
                (
                    "            n += 1\n",
                    "            n += 1\n            seen.append(text.upper())\n",
                ),
                ("{n} {text}", "{n} {seen}"),
                ("v1", "v2"),
            )
            assert (outcome.fault, outcome.stale) == (None, ())
            assert await ask("b") == "v2 you 2 ['B']"
            assert await beat() == "v2 1"

            outcome = project.save(
                (
                    "await socket.receive_text()",
                    "await asyncio.wait_for(socket.receive_text(), 60)",
                ),
                ("v2", "v3"),
            )
            assert outcome.stale == ()
            assert await ask("c") == "v2 you 3 ['B', 'C']"
            assert await ask("d") == "v3 you 4 ['B', 'C', 'D']"
            assert await beat() == "v3 2"

            outcome = project.save(
                ("v3 {name}", "v4 {nobody}"), ("app = FastAPI()", "app = FastAPI()\nnowhere")
            )
            assert outcome.fault is not None
            assert await ask("e") == "v3 you 5 ['B', 'C', 'D', 'E']"
        writer.close()
        server.should_exit = True
        await serving
        assert module.gone == [("v3", 5)]

    run(work)


SERVE = """
async def serve(queue, said):
    n = 0
    while True:
        item = await queue.get()
        n += 1
        said.put_nowait((WHERE, "v1", n, item))
"""


@pytest.mark.parametrize("there", [True, False], ids=["a-module-that-is", "a-new-file"])
def test_a_function_moved_to_another_module_takes_its_loop_along(
    project: Project, tmp_path: Path, there: bool
) -> None:
    """Saved together, or as a new file; and each later edit in the new place reaches the loop."""
    away = tmp_path / f"{project.name}_away.py"
    if there:
        away.write_text("WHERE = 'away'\n")
        importlib.import_module(away.stem)
    jobs = project.start("WHERE = 'here'\n" + SERVE)

    async def work() -> None:
        queue, said, task = waiting(jobs.serve)
        queue.put_nowait("a")
        assert await said.get() == ("here", "v1", 1, "a")

        away.write_text("WHERE = 'away'\n" + SERVE.replace("v1", "v2"))
        project.path.write_text(f"WHERE = 'here'\nfrom {away.stem} import serve\n")
        outcome = project.swapper.apply([project.path, away])
        assert (outcome.ok, outcome.rung, outcome.stale) == (True, "reexec", ())
        queue.put_nowait("b")
        assert await said.get() == ("away", "v2", 2, "b")

        away.write_text("WHERE = 'far'\n" + SERVE.replace("v1", "v3"))
        outcome = project.swapper.apply([away])
        assert (outcome.ok, outcome.stale) == (True, ())
        queue.put_nowait("c")
        assert await said.get() == ("far", "v3", 3, "c")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    try:
        run(work)
    finally:
        sys.modules.pop(away.stem, None)


def test_a_moved_function_whose_loop_cannot_follow_is_named_at_each_edit(
    project: Project, tmp_path: Path
) -> None:
    away = tmp_path / f"{project.name}_away.py"
    away.write_text("WHERE = 'away'\n")
    importlib.import_module(away.stem)
    jobs = project.start("WHERE = 'here'\n" + SERVE)
    gone = "WHERE = 'away'\n\nasync def serve(queue, said):\n    said.put_nowait(queue)\n"

    async def work() -> None:
        queue, said, task = waiting(jobs.serve)
        queue.put_nowait("a")
        assert await said.get() == ("here", "v1", 1, "a")

        away.write_text(gone)
        project.path.write_text(f"WHERE = 'here'\nfrom {away.stem} import serve\n")
        outcome = project.swapper.apply([project.path, away])
        assert [(row.name, row.what) for row in outcome.stale] == [("serve", "task")]
        away.write_text(gone + "    return 1\n")
        outcome = project.swapper.apply([away])
        assert [(row.name, row.what) for row in outcome.stale] == [("serve", "task")]

        away.write_text("WHERE = 'away'\n" + SERVE.replace("v1", "v2"))
        outcome = project.swapper.apply([away])
        assert outcome.stale == ()
        queue.put_nowait("b")
        assert await said.get() == ("away", "v2", 2, "b")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    try:
        run(work)
    finally:
        sys.modules.pop(away.stem, None)


def test_a_loop_follows_its_module_into_a_package(project: Project, tmp_path: Path) -> None:
    jobs = project.start("WHERE = 'here'\n" + SERVE)
    inside = tmp_path / project.name / "__init__.py"

    async def work() -> None:
        queue, said, task = waiting(jobs.serve)
        queue.put_nowait("a")
        assert await said.get() == ("here", "v1", 1, "a")
        for version, text in enumerate(("v2", "v3"), start=2):
            inside.parent.mkdir(exist_ok=True)
            inside.write_text("WHERE = 'here'\n" + SERVE.replace("v1", text))
            project.path.unlink(missing_ok=True)
            outcome = project.swapper.apply([project.path, inside])
            assert (outcome.ok, outcome.stale) == (True, ())
            queue.put_nowait("b")
            assert await said.get() == ("here", text, version, "b")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(work)


def test_a_function_that_was_cut_out_and_put_back_takes_its_loop_along(
    project: Project, tmp_path: Path
) -> None:
    """Editors save while somebody moves text about. A file that is gone is told of as well."""
    jobs = project.start("WHERE = 'here'\n" + SERVE)

    async def work() -> None:
        queue, said, task = waiting(jobs.serve)
        queue.put_nowait("a")
        assert await said.get() == ("here", "v1", 1, "a")
        for times in range(2):
            project.path.write_text(f"WHERE = 'here'\n# {times}\n")
            outcome = project.swapper.apply([project.path])
            assert [row.reason for row in outcome.stale] == ["its function is gone"]
        project.path.write_text("WHERE = 'here'\n" + SERVE.replace("v1", "v2"))
        outcome = project.swapper.apply([project.path])
        assert outcome.stale == ()
        queue.put_nowait("b")
        assert await said.get() == ("here", "v2", 2, "b")
        project.path.unlink()
        outcome = project.swapper.apply([project.path])
        assert [row.reason for row in outcome.stale] == ["its function is gone"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(work)


THREAD = """
def spin(turns, said):
    for turn in iter(turns.get, None):
        said.put(("v1", turn))
"""


def test_a_thread_in_a_moved_function_is_named_at_each_edit(
    project: Project, tmp_path: Path
) -> None:
    away = tmp_path / f"{project.name}_away.py"
    away.write_text("")
    importlib.import_module(away.stem)
    jobs = project.start(THREAD)
    turns: queue.Queue[Any] = queue.Queue()
    said: queue.Queue[Any] = queue.Queue()
    thread = threading.Thread(target=jobs.spin, args=(turns, said), name="spinner")
    thread.start()
    try:
        turns.put(1)
        assert said.get(timeout=30) == ("v1", 1)
        for version in ("v2", "v3", "v4"):
            away.write_text(THREAD.replace("v1", version))
            project.path.write_text(f"from {away.stem} import spin\n")
            outcome = project.swapper.apply([project.path, away])
            assert [(row.name, row.what) for row in outcome.stale] == [("spin", "thread")]
        away.write_text(THREAD)
        assert project.swapper.apply([away]).stale == ()  # what it runs is what is written again
    finally:
        turns.put(None)
        thread.join()
        sys.modules.pop(away.stem, None)


@pytest.mark.parametrize("together", [True, False], ids=["saved-together", "saved-in-turn"])
def test_a_function_that_nobody_imports_where_it_was_takes_its_loop_along(
    project: Project, tmp_path: Path, together: bool
) -> None:
    """``import jobs; jobs.serve()``: cut here and pasted there. A twin that was there before is not taken for it."""
    away, twin = (tmp_path / f"{project.name}_{name}.py" for name in ("away", "twin"))
    away.write_text("WHERE = 'away'\n")
    twin.write_text("WHERE = 'twin'\n" + SERVE)
    for path in (away, twin):
        importlib.import_module(path.stem)
    jobs = project.start("WHERE = 'here'\n" + SERVE)

    async def work() -> None:
        queue: asyncio.Queue[str] = asyncio.Queue()
        said: asyncio.Queue[Any] = asyncio.Queue()
        task = asyncio.create_task(jobs.serve(queue, said))
        queue.put_nowait("a")
        assert await said.get() == ("here", "v1", 1, "a")
        away.write_text("WHERE = 'away'\n" + SERVE.replace("v1", "v2"))
        if not together:
            project.swapper.apply([away])
        project.path.write_text(f"WHERE = 'here'\nimport {away.stem}\n")
        outcome = project.swapper.apply([project.path, away])
        assert (outcome.ok, outcome.stale) == (True, ())
        queue.put_nowait("b")
        assert await said.get() == ("away", "v2", 2, "b")
        away.write_text("WHERE = 'away'\n")
        outcome = project.swapper.apply([away])
        assert [row.reason for row in outcome.stale] == ["its function is gone"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    try:
        run(work)
    finally:
        for path in (away, twin):
            sys.modules.pop(path.stem, None)


def test_a_loop_waits_for_the_import_that_is_saved_after_it(project: Project) -> None:
    """Between the two saves it would die of a `NameError`; a name that a function binds later is another matter."""
    jobs = project.start(JOBS)

    async def work() -> None:
        queue, said, task = waiting(jobs.poll)
        queue.put_nowait("a")
        assert await said.get() == ("v1", 1, "a")

        outcome = project.save(('("v1", n, item)', '("v2", math.floor(n), item)'))
        [row] = outcome.stale
        assert row.reason == "the new one reads math, which is not defined"
        queue.put_nowait("b")
        assert await said.get() == ("v1", 2, "b")

        outcome = project.save(("import asyncio", "import asyncio, math"))
        assert (outcome.ok, outcome.stale) == (True, ())
        queue.put_nowait("c")
        assert await said.get() == ("v2", 3, "c")

        outcome = project.save(
            ("math.floor(n)", "later"),
            ("said = None", "said = None\ndef begin():\n    global later\n    later = 0"),
        )
        assert (outcome.ok, outcome.stale) == (True, ())
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(work)
