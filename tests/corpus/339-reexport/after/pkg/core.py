RATE = 2


def run():
    return -RATE
