RATE = 2


def price(n):
    return n * RATE


class Room:
    def say(self):
        return "old room"
