NAME = "other"
RATE = 3


def price(n):
    return n * RATE


class Room:
    def say(self):
        return f"room of {NAME}"
