USERS = {"root": 1}


def n():
    return [len(USERS)]
