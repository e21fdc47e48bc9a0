"""New."""

USAGE = __doc__.strip(".")
