from a import BASE, A


class B(A):
    n = BASE + 1
