Ids = list[str]


def f(x: Ids) -> None: ...
