import logging

HANDLER = logging.NullHandler()
for name in ("corpus.a", "corpus.b"):
    logging.getLogger(name).setLevel(10)
    logging.getLogger(name).addHandler(HANDLER)


def handlers():
    return [len(logging.getLogger(name).handlers) for name in ("corpus.a", "corpus.b")]
