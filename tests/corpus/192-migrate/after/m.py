import hotswap

class Room:
    limit = 3

    def __init__(self, name):
        self.name = name
        self.people = []
        self.key = name.lower()

    def join(self, who):
        self.people.append(who)
        return len(self.people)

    def title(self):
        return self.name


@hotswap.migrate(Room)
def fill(room):
    room.key = room.name.lower()
