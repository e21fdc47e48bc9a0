import logging


def level(name):
    return logging.getLogger(name).level



for name in ("corpus.a", "corpus.b"):
    logging.getLogger(name).setLevel(logging.INFO)
