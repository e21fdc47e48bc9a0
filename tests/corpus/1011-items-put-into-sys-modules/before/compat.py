import sys

for name in ("json", "re"):
    sys.modules["compat." + name] = __import__(name)
