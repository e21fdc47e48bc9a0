Key = str
rooms: set[int] = set()
count: int = 0
by_id: dict[int, str | None] = {}
names = []
last: Key = 0


def seen():
    return [sorted(rooms), count, by_id, names, last]
