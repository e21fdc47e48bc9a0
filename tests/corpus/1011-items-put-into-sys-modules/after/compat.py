import sys

for name in ("json",):
    sys.modules["compat." + name] = __import__(name)
