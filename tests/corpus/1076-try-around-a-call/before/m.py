import logging


def level(name):
    return logging.getLogger(name).level



LOG = logging.getLogger("corpus.a")
LOG.setLevel(logging.INFO)
