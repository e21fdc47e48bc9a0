from contextlib import contextmanager

LOG = []


@contextmanager
def open_it(n):
    LOG.append("in")
    yield n
    LOG.append("out")


def use():
    LOG.clear()
    with open_it(1) as n:
        LOG.append(n)
    return list(LOG)
