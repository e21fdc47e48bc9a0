PLUGINS = []
PLUGINS.append("a")
PLUGINS.append("b")


def f():
    return PLUGINS
