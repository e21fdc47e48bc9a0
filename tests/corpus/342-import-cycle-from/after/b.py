from a import BASE, EXTRA, A


class B(A):
    n = BASE + 1 + EXTRA
