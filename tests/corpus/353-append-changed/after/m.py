PLUGINS = []
PLUGINS.append("a")
PLUGINS.append("c")


def f():
    return PLUGINS
