def f(a: str) -> list[str]:
    return a
