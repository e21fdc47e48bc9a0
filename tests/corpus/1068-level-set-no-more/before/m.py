import logging

log = logging.getLogger("m")
log.setLevel(logging.ERROR)


def level():
    return log.level
