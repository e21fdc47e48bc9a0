from contextlib import contextmanager

LOG = []


@contextmanager
def opened():
    LOG.append("in")
    yield 1
    LOG.append("out")
