import logging

logging.basicConfig(level=logging.ERROR)


def level():
    return logging.getLogger().level
