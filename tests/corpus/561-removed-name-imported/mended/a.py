def assist():
    return 2


def other():
    return 1
