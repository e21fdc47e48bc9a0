"""A swap while 1,000 handlers of the edited function are suspended, beside the same swap with none."""

from __future__ import annotations

import asyncio
import importlib
import sys
import tempfile
import time
from pathlib import Path

from hotswap.swapper import Swapper
from tests.bench.support import summary

MODULE = """
import asyncio

async def chat(inbox, said):
    n = 0
    history = []
    try:
        while True:
            text = await inbox.get()
            n += 1
            history.append(text)
            if text == "quit":
                break
            await said.put(("v0", n, text))
    except KeyError:
        await said.put("gone")
    finally:
        history.clear()
"""


QUICK = {"rounds": 5, "handlers": 100}


def measure(rounds: int = 20, handlers: int = 1000) -> dict[str, dict[str, float]]:
    """Edit the handler's body `rounds` times; milliseconds of the swap by number of suspended handlers."""
    return {
        f"{count} suspended": summary(asyncio.run(_swaps(rounds, count)))
        for count in (0, 1, handlers)
    }


async def _swaps(rounds: int, count: int) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        name = f"bench_loops_{count}"
        file = Path(folder) / f"{name}.py"
        file.write_text(MODULE)
        sys.path.insert(0, folder)
        swapper = Swapper([folder])
        try:
            module = importlib.import_module(name)
            tasks = [
                asyncio.create_task(module.chat(asyncio.Queue(), asyncio.Queue()))
                for _ in range(count)
            ]
            await asyncio.sleep(0)
            times = []
            for number in range(rounds + 2):
                file.write_text(MODULE.replace("v0", f"v{number + 1}"))
                began = time.perf_counter()
                outcome = swapper.apply([file])
                times.append((time.perf_counter() - began) * 1000)
                assert outcome.ok and not outcome.stale
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            return times[2:]
        finally:
            swapper.close()
            sys.path.remove(folder)
            sys.modules.pop(name, None)
