import logging


def level(name):
    return logging.getLogger(name).level



NAMES = ["corpus.a"]
for name in NAMES:
    logging.getLogger(name).setLevel(logging.INFO)
