class Bus:
    def __init__(self, size):
        self.size = size
        self.subscribers = ["log"]
        self.sent = 0


def create():
    return Bus(10)


bus = create()
