class Plugin:
    all = []

    def __init_subclass__(cls, **kw):
        super().__init_subclass__(**kw)
        Plugin.all.append(cls)


class A(Plugin):
    rank = 10


class B(Plugin):
    rank = 2
