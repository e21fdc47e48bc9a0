from __future__ import annotations

import typing


class Room:
    size: Size


Size = str
HINTS = typing.get_type_hints(Room)
