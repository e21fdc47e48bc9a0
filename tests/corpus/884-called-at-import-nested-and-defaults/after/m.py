def table(step=2):
    def item(n):
        return n + step

    return [item(n) for n in range(3)]


def scale(value, factor=100):
    return value * factor


TABLE = table()
SCALED = scale(3)
LARGEST = max(TABLE) + SCALED
