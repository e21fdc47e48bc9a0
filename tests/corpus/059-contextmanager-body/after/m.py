from contextlib import contextmanager

LOG = []


@contextmanager
def open_it(n):
    LOG.append("IN")
    try:
        yield n * 2
    finally:
        LOG.append("OUT")


def use():
    LOG.clear()
    with open_it(1) as n:
        LOG.append(n)
    return list(LOG)
