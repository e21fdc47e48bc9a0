import pkg
import pkg.sub


def f():
    return pkg.sub.V, pkg.X
