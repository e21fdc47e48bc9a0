import logging

log = logging.getLogger("corpus.handlers")
handler = logging.NullHandler()
handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
log.addHandler(handler)
