from functools import lru_cache


class A:
    @lru_cache
    def f(self, n):
        return n

    @staticmethod
    @lru_cache
    def g(n):
        return n
