def base():
    return 20


class A:
    n = base() + 1
