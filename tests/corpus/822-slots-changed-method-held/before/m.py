class Base:
    def again(self):
        return "base"


class Logger(Base):
    __slots__ = ("file",)

    def __init__(self):
        self.file = "out"

    def say(self):
        return self.file

    def again(self):
        return super().again() + " once"
