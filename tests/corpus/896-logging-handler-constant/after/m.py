import logging

FORMAT = "%(name)s %(message)s"
LEVEL = "DEBUG"
log = logging.getLogger("corpus.constant")
handler = logging.StreamHandler()
handler.setFormatter(logging.Formatter(FORMAT))
log.addHandler(handler)
log.setLevel(LEVEL)
