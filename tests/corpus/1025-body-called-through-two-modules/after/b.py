from a import LIMIT, low


def middle():
    return LIMIT + low()
