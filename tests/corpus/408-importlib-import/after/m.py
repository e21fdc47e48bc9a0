from importlib import import_module

PLUGINS = {n: import_module(n) for n in ['plug']}


def names():
    return [p.NAME for p in PLUGINS.values()]
