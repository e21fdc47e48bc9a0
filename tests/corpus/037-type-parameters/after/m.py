def first[T, U: int](items: list[T], n: U = 0) -> T:
    return items[-1]
