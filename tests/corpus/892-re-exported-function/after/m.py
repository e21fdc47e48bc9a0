from lib import build

TABLE = build()


def ask():
    return TABLE
