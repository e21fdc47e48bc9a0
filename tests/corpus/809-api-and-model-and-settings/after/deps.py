from conf import LIMIT


def page(limit: int = LIMIT, offset: int = 1):
    return [limit, offset]
