import sys

if sys.platform != "amiga":
    class P:
        def f(self):
            return 2
