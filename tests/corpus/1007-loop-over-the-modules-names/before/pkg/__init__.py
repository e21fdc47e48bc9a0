from pkg.core import Room

for _value in list(locals().values()):
    if getattr(_value, "__module__", "").startswith("pkg."):
        _value.__module__ = __name__
del _value

__all__ = [name for name in dir() if not name.startswith("_")]
