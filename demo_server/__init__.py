"""The night market: one room with three doors. An ordinary FastAPI app, made to be edited while it runs.

    python -m hotswap demo_server          (or: python -m uvicorn demo_server:app, without the magic)

Open http://127.0.0.1:8000 in a browser or two, and `nc 127.0.0.1 8001` in a terminal: all meet in the same room.
Then edit, save, and watch: nobody is disconnected, nothing is forgotten.

Three edits worth trying:

1. demo_server/prices.py: make tea cheaper; the menu on every open page and the next /buy follow
2. demo_server/room.py: let Room.say answer a greeting; say hello in the browser and over nc, on the sockets you have
3. demo_server/clock.py: change the message in the running `while True` loop; the stream that is open carries it
"""

from demo_server.main import app

__all__ = ["app"]
