import logging
import sys

LIMIT = 2


def limit():
    return 6
