import logging

log = logging.getLogger("corpus.handlers")
handler = logging.NullHandler()
handler.setFormatter(logging.Formatter("%(message)s"))
log.addHandler(handler)
