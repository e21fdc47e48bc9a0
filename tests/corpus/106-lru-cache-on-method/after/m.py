from functools import lru_cache


class A:
    @lru_cache
    def f(self, n):
        return n * 2

    @staticmethod
    @lru_cache
    def g(n):
        return n * 3
