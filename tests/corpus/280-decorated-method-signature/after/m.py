import functools


def log(f):
    @functools.wraps(f)
    def wrapper(self, *a, **k):
        return ["log", f(self, *a, **k)]
    return wrapper


class A:
    @log
    def run(self, x, k=2):
        return x * k
