import contextlib

LOG = []
with contextlib.suppress(ZeroDivisionError):
    LOG.append(1)
    LOG.append(1 / 0)
