class A:
    x: int = 1


def f(a: int) -> list[int]:
    return [a]
