import sys

if sys.version_info >= (3, 0):
    def f():
        return "new py"
else:
    def f():
        return "old py"
