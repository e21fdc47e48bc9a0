from conf import CONF

SIZE = CONF.size * 10


def f(n=CONF.size):
    return n, CONF.size, SIZE
