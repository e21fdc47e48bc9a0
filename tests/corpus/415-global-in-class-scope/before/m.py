size = 1


class A:
    size = size + 1
    both = [size for _ in range(1)]
