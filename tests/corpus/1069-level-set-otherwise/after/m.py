import logging

log = logging.getLogger("m")
log.setLevel(logging.INFO)


def level():
    return log.level
