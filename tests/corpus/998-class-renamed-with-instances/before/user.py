from m import Player, shown


def is_one(p):
    return isinstance(p, Player), shown()
