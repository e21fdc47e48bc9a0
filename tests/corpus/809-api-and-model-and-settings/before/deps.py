from conf import LIMIT


def page(limit: int = LIMIT):
    return limit
