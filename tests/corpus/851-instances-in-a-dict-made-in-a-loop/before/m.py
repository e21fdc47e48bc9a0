class Room:
    def __init__(self, name):
        self.name = name
        self.log = []


ROOMS = {}
for name in ("lobby", "attic"):
    ROOMS[name] = Room(name)
