_codes = {200: ("ok", "okay"), 404: ("missing",)}


class Lookup:
    def __init__(self, name):
        self.name = name


codes: Lookup = Lookup(name="status codes")


def _init():
    for code, titles in _codes.items():
        for title in titles:
            setattr(codes, title, code)


_init()
