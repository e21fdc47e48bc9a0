from __future__ import annotations

import typing as t

rooms: dict[str, int] = {}
hook: t.Callable[[], int]


class Limit:
    most: int = 3
