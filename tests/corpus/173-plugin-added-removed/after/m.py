class Plugin:
    all = {}

    def __init_subclass__(cls):
        Plugin.all[cls.__name__] = cls


class A(Plugin):
    pass


class C(Plugin):
    pass
