import plugins

plugins.load()


def names():
    return sorted(plugins.REGISTRY)
