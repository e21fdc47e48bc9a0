class Plugin:
    known = []

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        Plugin.known.append(cls)


class First(Plugin):
    pass


class Third(Plugin):
    pass


def names():
    return [plugin.__name__ for plugin in Plugin.known]
