import functools


def retry(times):
    def deco(f):
        @functools.wraps(f)
        async def wrapper(*a):
            return [await f(*a) for _ in range(times)]
        return wrapper
    return deco


@retry(2)
async def fetch(x):
    return x
