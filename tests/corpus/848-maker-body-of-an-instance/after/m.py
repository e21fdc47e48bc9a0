class Bus:
    def __init__(self, size):
        self.size = size
        self.subscribers = ["log"]
        self.sent = 0


def create():
    size = 4 * 5
    return Bus(size)


bus = create()
