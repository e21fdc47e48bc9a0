def connect():
    global connection
    connection = ["open"]


def count():
    global hits
    hits = hits + 1 if "hits" in globals() else 1
    return hits


connect()
globals()["LIMIT"] = 6


def read():
    return connection, LIMIT
