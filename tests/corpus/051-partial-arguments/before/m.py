from functools import partial


def power(base, exp):
    return base ** exp


pow_n = partial(power, exp=2)
