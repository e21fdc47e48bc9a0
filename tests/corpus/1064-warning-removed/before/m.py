import logging
import warnings

warnings.warn("this module will go", PendingDeprecationWarning, stacklevel=2)
logging.getLogger("m").critical("begins")


def work():
    return 1
