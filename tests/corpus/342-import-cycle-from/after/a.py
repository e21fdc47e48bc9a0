BASE = 10
EXTRA = 5


class A:
    n = BASE + EXTRA


from b import B  # noqa: E402

BOTH = (A.n, B.n)
