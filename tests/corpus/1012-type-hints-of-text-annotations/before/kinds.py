from __future__ import annotations

import typing


class Room:
    size: Size


Size = int
HINTS = typing.get_type_hints(Room)
