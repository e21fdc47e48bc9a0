import pkg.core


def items():
    return pkg.core.ITEMS
