class Plugin:
    def __init_subclass__(cls, *, key="", **kw):
        super().__init_subclass__(**kw)
        cls.key = key


class A(Plugin, key="alpha"):
    pass
