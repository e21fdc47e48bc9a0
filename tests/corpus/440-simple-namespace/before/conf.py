from types import SimpleNamespace

settings = SimpleNamespace(a=1)
settings.b = 2
