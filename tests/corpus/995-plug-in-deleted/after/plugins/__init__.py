import importlib
import pkgutil

REGISTRY = {}


def plugin(name):
    def register(function):
        REGISTRY[name] = function
        return function

    return register


def load():
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
