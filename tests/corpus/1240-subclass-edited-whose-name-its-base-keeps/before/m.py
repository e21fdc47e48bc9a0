class Plugin:
    names = []

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        Plugin.names.append(cls.__name__)


class Reader(Plugin):
    depth = 1


class Writer(Plugin):
    pass
