import plugins


def names():
    return [plugin.NAME for plugin in plugins.loaded]
