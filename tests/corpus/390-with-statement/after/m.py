import contextlib

LOG = []
with contextlib.suppress(ZeroDivisionError):
    LOG.append(2)
    LOG.append(1 / 0)
