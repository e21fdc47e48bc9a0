from m import Gamer, shown


def is_one(p):
    return isinstance(p, Gamer), shown()
