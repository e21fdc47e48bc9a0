import logging


def level(name):
    return logging.getLogger(name).level



LOG = logging.getLogger("corpus.a")
try:
    LOG.setLevel(logging.DEBUG)
except ValueError:
    print("no such level")
