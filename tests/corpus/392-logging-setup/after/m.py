import logging

log = logging.getLogger("corpus.app")
log.setLevel(logging.DEBUG)
