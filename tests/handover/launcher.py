"""A small program that serves an unmodified app in-process and leaves by exec on SIGUSR1.

``python -m tests.handover.launcher [--loop NAME] [--http NAME] [--ws NAME] [--host H] [--port N] [--uds PATH] target``

It tells what happens as JSON lines on stdout. Not the product: `hotswap.session` is.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import signal
import sys
import time

BOOTED = time.monotonic()


def tell(event: str, **facts: object) -> None:
    line = json.dumps({"event": event, "pid": os.getpid(), **facts}) + "\n"
    os.write(1, line.encode())


def main() -> None:
    from hotswap.handover import carrier

    manifest = carrier.awake()
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("--loop", default="asyncio")
    parser.add_argument("--http", default="auto")
    parser.add_argument("--ws", default="auto")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--uds")
    parser.add_argument("--patience", type=float, default=10.0)
    parser.add_argument("--grace", type=float, default=5.0)
    parser.add_argument("--no-preflight", action="store_true")
    parser.add_argument("--keeper", type=float)
    parser.add_argument("--cert")
    options = parser.parse_args()
    sys.path.insert(0, os.getcwd())

    from hotswap import handover, wire

    def settled(reload: object) -> None:
        from dataclasses import asdict

        assert manifest is not None
        now = time.monotonic()
        tell(
            "settled",
            **asdict(reload),  # type: ignore[call-overload]
            generation=manifest.generation,
            reason=manifest.reason,
            fds=len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0,
            boot_ms=round((BOOTED - manifest.left_at) * 1000, 1),
            away_ms=round((now - manifest.left_at) * 1000, 1),
        )

    registry = wire.install(
        manifest, grace=options.grace, on_settled=settled, keeper=options.keeper
    )
    state = handover.State(registry)
    module_name = options.target.partition(":")[0]
    files = [os.path.join(os.getcwd(), module_name.replace(".", "/") + ".py")]

    def parked(fault: object) -> None:
        assert manifest is not None
        tell("parked", held=len(manifest.connections), fault=repr(fault))
        handover.park(manifest, None, files, lambda text: tell("progress", text=text))

    import uvicorn

    try:
        module = importlib.import_module(module_name)
    except BaseException as error:
        if manifest is None:
            raise
        parked(error)
        raise
    modules = [module]
    state.remember(modules)
    notes = state.restore(manifest, modules)
    if notes:
        tell("notes", notes=notes)
    tell(
        "imported",
        ms=round((time.monotonic() - (manifest.left_at if manifest else BOOTED)) * 1000, 1),
    )

    config = uvicorn.Config(
        options.target,
        host=options.host,
        port=options.port,
        uds=options.uds,
        ssl_certfile=options.cert,
        loop=options.loop,
        http=options.http,
        ws=options.ws,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
        ws_ping_interval=None,
        timeout_keep_alive=600,
    )
    generation = manifest.generation if manifest else 0

    class Server(uvicorn.Server):
        async def startup(self, sockets: object = None) -> None:
            await self.lifespan.startup()
            if self.lifespan.should_exit:
                if manifest is not None:
                    parked("lifespan start-up failed")
                sys.exit(3)
            original = self.lifespan.startup

            async def done() -> None:
                pass

            self.lifespan.startup = done  # type: ignore[method-assign]
            await super().startup(sockets)  # type: ignore[arg-type]
            self.lifespan.startup = original  # type: ignore[method-assign]
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGUSR1, self.reload)
            # for a test that does not want to wait for the time of grace, nor be overtaken by it
            loop.add_signal_handler(signal.SIGUSR2, registry.arrivals._close_orphans)
            carrier.unblock()
            listening = self.servers[0].sockets[0].getsockname()
            tell("serving", address=listening, generation=generation, connections=registry.counts())

        busy = False
        again = False

        def reload(self) -> None:
            if self.busy:
                self.again = True
                return
            self.busy = True
            self.task = asyncio.get_running_loop().create_task(self.leave())

        async def leave(self) -> None:
            preflight = handover.Preflight(options.target)
            outcome = await handover.leave(
                reason="SIGUSR1",
                registry=registry,
                state=state,
                modules=lambda: modules,
                generation=generation + 1,
                preflight=None if options.no_preflight else preflight,
                shutdown=self.lifespan.shutdown,
                startup=self.lifespan.startup,
                on_progress=lambda text: tell("progress", text=text),
                patience=options.patience,
            )
            self.busy = False
            tell("stayed", reason=outcome.reason, fault=repr(outcome.fault))

    Server(config).run()


if __name__ == "__main__":
    main()
