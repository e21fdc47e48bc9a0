Key = int
rooms = set()
count = 0
by_id: dict[int, str] = {}
names: list[str] = []
last: Key = 0


def seen():
    return [sorted(rooms), count, by_id, names, last]
