def real():
    return 1


def call():
    return real()
