import logging

logging.basicConfig(level=logging.INFO)


def level():
    return logging.getLogger().level
