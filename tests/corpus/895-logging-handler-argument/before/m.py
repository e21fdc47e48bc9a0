import logging

log = logging.getLogger("corpus.argument")
log.setLevel("INFO")
log.addHandler(logging.NullHandler(10))
