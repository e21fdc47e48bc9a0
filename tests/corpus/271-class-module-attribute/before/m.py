def base():
    return 2


class A:
    n = base() + 1
