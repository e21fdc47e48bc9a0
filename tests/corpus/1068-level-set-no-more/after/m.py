import logging

log = logging.getLogger("m")


def level():
    return log.level
