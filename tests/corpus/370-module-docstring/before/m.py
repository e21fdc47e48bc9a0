"""Old."""

USAGE = __doc__.strip(".")
