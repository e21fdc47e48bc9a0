from conf import settings


def f():
    return settings.a, settings.b
