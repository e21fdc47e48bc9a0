import logging

FORMAT = "%(message)s"
LEVEL = "INFO"
log = logging.getLogger("corpus.constant")
handler = logging.StreamHandler()
handler.setFormatter(logging.Formatter(FORMAT))
log.addHandler(handler)
log.setLevel(LEVEL)
