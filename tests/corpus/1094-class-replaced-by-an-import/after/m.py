from fractions import Fraction as Result


def make():
    return str(Result(1, 2))
