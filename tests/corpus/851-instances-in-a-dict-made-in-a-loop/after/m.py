class Room:
    def __init__(self, name):
        self.name = name
        self.log = []


ROOMS = {}
for name in ("lobby", "cellar"):
    ROOMS[name] = Room(name)
