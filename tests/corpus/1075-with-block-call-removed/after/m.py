import contextlib
import logging


def level(name):
    return logging.getLogger(name).level



with contextlib.suppress(ValueError):
    logging.getLogger("corpus.a").setLevel(logging.INFO)
