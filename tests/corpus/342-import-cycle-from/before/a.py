BASE = 1


class A:
    n = BASE


from b import B  # noqa: E402

BOTH = (A.n, B.n)
