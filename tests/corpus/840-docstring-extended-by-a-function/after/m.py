"""Codes."""

CODES = {"ok": 200, "missing": 404}


def _init():
    global __doc__
    __doc__ += ", ".join(CODES)


_init()
