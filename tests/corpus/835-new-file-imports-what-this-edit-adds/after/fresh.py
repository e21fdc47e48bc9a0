from kinds import is_number


def g(x):
    return is_number(x)
