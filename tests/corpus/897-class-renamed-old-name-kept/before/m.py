class _Relay:
    def send(self):
        return "sent"


class Child(_Relay):
    pass


def make():
    return _Relay()
