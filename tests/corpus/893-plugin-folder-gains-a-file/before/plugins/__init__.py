import importlib
import pkgutil

loaded = []
for _info in pkgutil.iter_modules(__path__):
    loaded.append(importlib.import_module(f"{__name__}.{_info.name}"))
