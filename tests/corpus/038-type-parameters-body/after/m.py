def first[T](items: list[T]) -> T:
    return items[-1]


class Box[T]:
    def get(self, v: T) -> T:
        return [v]
