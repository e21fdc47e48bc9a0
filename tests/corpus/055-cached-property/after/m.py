from functools import cached_property


class A:
    @cached_property
    def x(self):
        return 2
