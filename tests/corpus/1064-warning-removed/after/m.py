import logging
import pprint
import warnings

log = logging.getLogger("m")
LIMIT = 2


def work():
    return LIMIT
