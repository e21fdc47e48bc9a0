class Plugin:
    all = {}

    def __init_subclass__(cls, **kw):
        super().__init_subclass__(**kw)
        Plugin.all[cls.__name__] = "new"


class A(Plugin):
    pass


class B(Plugin):
    pass
