import sys

if sys.version_info >= (3, 0):
    def f():
        return "very new py"
else:
    def f():
        return "old py"
