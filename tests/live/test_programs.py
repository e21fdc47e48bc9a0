"""Programs run as Python runs them, and take edits while they run."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.testing import Live, Project

    Start = Callable[..., Live]

pytestmark = pytest.mark.live

SELF = """
    import sys
    print(sys.argv[1:], __name__, __package__, __spec__ and __spec__.name, __file__, sys.path[0])
    print(__builtins__ is not None, __doc__, type(__loader__).__name__, __cached__ is None)
    print(sys.modules["__main__"].__dict__ is globals(), sorted(n for n in globals()))
"""


def python(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the same thing without hotswap."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def both(project: Project, live: Start, target: str, *arguments: str, module: bool = False) -> Live:
    """Run a program with and without hotswap; everything it shows of itself is equal."""
    plain = python(project, *(["-m"] if module else []), target, *arguments)
    dashes = ("--",) if module else ()
    ours = live(target, program=(*dashes, *arguments), wait=False)

    code = ours.ended()

    assert code == plain.returncode
    assert "\n".join(ours.output).strip() == plain.stdout.strip()
    assert "\n".join(ours.errors).strip() == plain.stderr.strip()
    return ours


@pytest.mark.parametrize(
    "source",
    [
        SELF,
        "import sys; sys.exit(3)",
        "import sys; sys.exit('said why')",
        "raise SystemExit",
        "def f():\n    raise ValueError('x')\n\nf()\n",
        "import nothere\n",
        "def broken(:\n",
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise KeyError(1) from error\n",
        "import atexit, threading as t\natexit.register(print, 'bye')\nt.Thread(target=print, args='t').start()\n",
        "import asyncio\n\nasync def main():\n    raise RuntimeError('inside')\n\nasyncio.run(main())\n",
        "import sys\nsys.excepthook = lambda *what: print('own hook', what[0].__name__)\n1 / 0\n",
        # nobody shuts the pool down: its idle workers are sent home when the program ends
        """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(2)
        print([pool.submit(abs, -n).result() for n in range(3)])
        """,
    ],
)
def test_a_script_behaves_as_under_python(project: Project, live: Start, source: str) -> None:
    project.write({"sub/tool.py": source})

    both(project, live, "sub/tool.py", "a", "--port", "1")


def test_a_package_behaves_as_with_dash_m(project: Project, live: Start) -> None:
    project.write({"tool/__init__.py": "print('init')", "tool/__main__.py": SELF})
    project.write({"tool/other.py": SELF})

    both(project, live, "tool", "a", "-v", module=True)
    both(project, live, "tool.other", module=True)


def test_a_directory_behaves_as_under_python(project: Project, live: Start) -> None:
    project.write({"folder/__main__.py": SELF, "folder/near.py": "x = 1"})

    both(project, live, "./folder", "a")


def test_an_interrupted_script_ends_by_the_signal(project: Project, live: Start) -> None:
    project.write(main="import time\nprint('runs', flush=True)\nwhile True: time.sleep(0.01)\n")
    program = live("main.py", program=())
    program.wait_output("runs")

    assert program.stop() == -signal.SIGINT
    assert program.errors[-1] == "KeyboardInterrupt"
    assert not [line for line in program.errors if "hotswap" in line]


def test_a_script_takes_edits_of_its_functions_and_modules(project: Project, live: Start) -> None:
    """One of them lies in a folder that nobody had heard of when watching began."""
    project.write(
        texts__words='WORD = "one"\n',
        main="""
        import time
        from texts import words

        def step():
            return words.WORD + "!"

        def main():
            while (text := step()) != "end?":
                print(text, flush=True)
                time.sleep(0.01)

        if __name__ == "__main__":
            main()
            print("over", flush=True)
        """,
    )
    program = live("main.py", program=())
    program.wait_output("one!")

    assert program.swap("texts/words.py", "one", "two")["verdict"] == "swapped"
    program.wait_output("two!")
    outcome = program.swap("main.py", '"!"', '"?"')
    assert (outcome["rung"], outcome["stale"]) == ("patch", [])
    program.wait_output("two?")
    program.swap("texts/words.py", "two", "end")

    assert program.ended() == 0
    assert program.output[-1] == "over"


def test_a_busy_main_thread_never_runs_in_the_middle_of_a_swap(
    project: Project, live: Start
) -> None:
    """Not even while a statement that runs again sleeps: the new body is there by then, its constant is not."""
    project.write(
        main="""
        import time
        REST = time.sleep(0) or "v1"
        WORD = "v1"

        def step():
            return WORD, "v1"

        if __name__ == "__main__":
            print("started", flush=True)
            while True:
                word, mine = step()
                if word < mine:
                    print("torn", word, mine, flush=True)
                if mine == "v3":
                    break
        """,
    )
    program = live("main.py", program=())
    program.wait_output("started")

    for old, new in (("v1", "v2"), ("v2", "v3")):
        outcome = program.save(
            "main.py",
            lambda text, o=old, n=new: text.replace(f'"{o}"', f'"{n}"').replace(
                "sleep(0)", "sleep(0.1)"
            ),
        )
        assert outcome["verdict"] == "swapped"

    assert program.ended() == 0
    assert program.output == ["started"]


@pytest.mark.parametrize("runner", ["asyncio.run(main())", "uvloop.run(main())"])
def test_edits_run_on_the_loop_that_a_script_starts(
    project: Project, live: Start, runner: str
) -> None:
    project.write(
        jobs="""
        import threading

        HOME = threading.current_thread().name

        def step():
            return "one"
        """,
        main=f"""
        import asyncio, uvloop
        import jobs

        async def main():
            while (word := jobs.step()) != "end":
                print(word, jobs.HOME, flush=True)
                await asyncio.sleep(0.01)

        {runner}
        """,
    )
    program = live("main.py", program=())
    program.wait_output("one MainThread")

    program.swap("jobs.py", "HOME = threading", "HOME = 'again ' + threading")
    program.wait_output("one again MainThread")
    program.swap("jobs.py", '"one"', '"end"')

    assert program.ended() == 0


def test_a_server_that_a_script_runs_itself(project: Project, live: Start) -> None:
    project.write(
        main="""
        import uvicorn
        from fastapi import FastAPI

        service = FastAPI()

        @service.get("/")
        def index():
            return "one"

        def ready():
            server = uvicorn.Server(uvicorn.Config(service, port=0, log_level="warning"))
            startup = server.startup
            async def told(sockets=None):
                await startup(sockets)
                print("port", server.servers[0].sockets[0].getsockname()[1], flush=True)
            server.startup = told
            server.run()

        if __name__ == "__main__":
            ready()
        """
    )
    from hotswap.target.shape import shape_of

    assert shape_of(str(project.path("main.py"))) == "app"
    project.path("main.py").rename(project.path("tool.py"))
    project.write(start="import tool\n\ntool.ready()\n")
    program = live("start.py", program=())
    port = int(program.wait_output("port").split()[1])

    program.swap("tool.py", '"one"', '"two"')

    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=program.deadline)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b'"two"'
    connection.close()
    program.stop()


def test_threads_go_on_after_the_main_one_and_take_edits(project: Project, live: Start) -> None:
    project.write(
        main="""
        import threading, time

        def step():
            return "one"

        def work():
            while (word := step()) != "end":
                print(word, flush=True)
                time.sleep(0.01)

        threading.Thread(target=work).start()
        """
    )
    program = live("main.py", program=())
    program.wait_output("one")

    assert program.swap("main.py", '"one"', '"end"')["verdict"] == "swapped"
    assert program.ended() == 0


def test_a_script_reloads_on_a_signal_with_its_state(project: Project, live: Start) -> None:
    project.write(
        main="""
        import asyncio

        seen = []

        async def main():
            while True:
                seen.append(1)
                print("seen", len(seen), flush=True)
                await asyncio.sleep(0.05)

        asyncio.run(main())
        """
    )
    program = live("main.py", program=())
    program.wait_output("seen 3")

    program.signal(signal.SIGUSR1)
    told = program.wait(lambda event: event.get("verdict") == "reloaded")

    assert (told["rung"], told["reason"]) == ("exec", "SIGUSR1")
    count = len(program.output)
    program.wait_output(f"seen {count + 3}")
    assert program.output.count("seen 1") == 1
    program.stop()


def test_a_script_that_imports_multiprocessing_has_one_main_module(
    project: Project, live: Start
) -> None:
    """``__mp_main__`` is its second name; the functions that its code made before its run take their bodies."""
    project.write(
        main="""
        import multiprocessing
        import time

        def step():
            return "one"

        def main():
            while (text := step()) != "end":
                print(text, flush=True)
                time.sleep(0.01)

        if __name__ == "__main__":
            main()
        """
    )
    program = live("main.py", program=())
    program.wait_output("one")

    outcome = program.swap("main.py", '"one"', '"two"')
    program.wait_output("two")
    program.swap("main.py", '"two"', '"end"')

    assert [change["name"] for change in outcome["changes"]] == ["step"]
    assert program.ended() == 0


@pytest.mark.parametrize("run", ["main()", 'if __name__ == "__main__":\n    main()'])
def test_what_the_run_has_gathered_is_not_made_anew(
    project: Project, live: Start, run: str
) -> None:
    """The run fills what the file makes, and runs still: an edit of what it calls leaves all that alone."""
    project.write(
        {
            "main.py": "import time\n\nSTEP = 1\ncounter = {'n': 0}\n\n\n"
            "def bump():\n    counter['n'] += STEP\n\n\n"
            "def main():\n    while counter['n'] < 10**6:\n        bump()\n"
            "        print(counter['n'], flush=True)\n        time.sleep(0.01)\n\n\n" + run + "\n"
        }
    )
    program = live("main.py", program=())
    program.wait_output("5")

    program.swap("main.py", "STEP = 1", "STEP = 10000")
    program.swap("main.py", "+= STEP", "+= STEP * 10")
    assert program.ended() == 0

    numbers = [int(line) for line in program.output]
    assert numbers == sorted(numbers)
    assert numbers.count(1) == 1


PAD = "".join(f"P{n} = {n}\n" for n in range(30))


@pytest.mark.parametrize(("before", "after"), [("", PAD), (PAD, "")], ids=["lower", "higher"])
def test_a_run_that_stands_elsewhere_by_now_is_still_the_run(
    project: Project, live: Start, before: str, after: str
) -> None:
    """Edits above it move it in its file: what stands before it has run, and it is no call to be made again."""
    source = (
        "import time\n\n\ndef word():\n    return 'one'\n\n\n"
        "def main():\n    while (text := word() + END) != 'end!':\n"
        "        print(text, flush=True)\n        time.sleep(0.01)\n\n\nEND = '?'\nmain()\n"
    )
    project.write({"main.py": before + source})
    program = live("main.py", program=())
    program.wait_output("one?")

    program.save("main.py", after + source)
    body = program.swap("main.py", "'one'", "'two'")
    value = program.swap("main.py", "END = '?'", "END = '!'")
    program.wait_output("two!")
    program.swap("main.py", "'two'", "'end'")

    assert program.ended() == 0
    assert (body["rung"], body["notes"]) == ("patch", [])
    assert (value["rung"], value["notes"]) == ("reexec", [])


UVICORN = """
    import uvicorn

    if __name__ == "__main__":
        uvicorn.run("served:app", port=0, reload=True)
"""
SERVED = """
    from fastapi import FastAPI
    from fastapi.responses import PlainTextResponse

    app = FastAPI(default_response_class=PlainTextResponse)


    @app.get("/")
    def home():
        return "one"
"""


def test_the_reloader_of_uvicorn_stands_aside(project: Project, live: Callable[..., Live]) -> None:
    """A script that asks for one serves from this process: no child, and a save is a swap."""
    project.write(run=UVICORN, served=SERVED)
    server = live("run.py", program=())
    line = server.wait_output("http://127.0.0.1:", stream="errors")
    port = re.search(r"http://127.0.0.1:(\d+)", line)
    assert port

    def ask() -> str:
        with urlopen(f"http://127.0.0.1:{port[1]}/") as answer:
            return answer.read().decode()

    assert ask() == "one"
    assert server.swap("served.py", '"one"', '"two"')["rung"] == "patch"
    assert ask() == "two"
    assert not any("reloader" in told or "Restarting" in told for told in server.errors)
