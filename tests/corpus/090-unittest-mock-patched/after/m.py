def real():
    return 2


def call():
    return [real()]
