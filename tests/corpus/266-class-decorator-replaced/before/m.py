def twice(cls):
    class Twice(cls):
        factor = 2
    return Twice


@twice
class A:
    n = 1
