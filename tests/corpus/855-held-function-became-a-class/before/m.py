class Point:
    def __init__(self, x):
        self.x = x


def point(x):
    return Point(x)

