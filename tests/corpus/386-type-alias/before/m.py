Ids = list[int]


def f(x: Ids) -> None: ...
