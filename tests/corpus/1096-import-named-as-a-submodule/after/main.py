import pkg.html


def kind():
    return pkg.html.KIND, pkg.shown()
