def numbers(prefix="n"):
    n = 0
    while True:
        n += 1
        yield f"{prefix}{n}"


ids = numbers()


def take():
    return next(ids)
