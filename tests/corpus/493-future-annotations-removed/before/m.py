from __future__ import annotations


def f(a: int) -> list[int]:
    return [a]
