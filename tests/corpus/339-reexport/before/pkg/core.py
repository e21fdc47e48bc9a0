RATE = 1


def run():
    return RATE
