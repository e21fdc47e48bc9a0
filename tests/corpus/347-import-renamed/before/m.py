import json as j


def f():
    return j.dumps([1])
