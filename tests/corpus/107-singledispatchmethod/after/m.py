from functools import singledispatchmethod


class A:
    @singledispatchmethod
    def show(self, x):
        return "ANY"

    @show.register
    def _(self, x: int):
        return "INT"

    @show.register
    def _(self, x: list):
        return "LIST"
