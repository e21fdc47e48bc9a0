import warnings


def old():
    warnings.warn("gone", DeprecationWarning, stacklevel=1)


def line():
    with warnings.catch_warnings(record=True) as w:
        warnings.simplefilter("always")
        old()
        return w[0].lineno
