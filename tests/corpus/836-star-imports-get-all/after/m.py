import pkg


def child():
    return pkg.Child.kind
