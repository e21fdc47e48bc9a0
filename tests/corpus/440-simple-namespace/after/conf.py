from types import SimpleNamespace

settings = SimpleNamespace(a=10)
settings.b = 20
