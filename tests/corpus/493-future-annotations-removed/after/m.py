def f(a: int) -> list[int]:
    return [a]
