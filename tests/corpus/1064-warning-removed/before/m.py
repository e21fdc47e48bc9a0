import logging
import pprint
import warnings

log = logging.getLogger("m")
warnings.warn("this module will go", PendingDeprecationWarning, stacklevel=2)
logging.getLogger("m").critical("begins")
log.error("begins")
pprint.pprint("begins")
LIMIT = 1


def work():
    return LIMIT
