class Base:
    def again(self):
        return "base"


class Logger(Base):
    __slots__ = ("file", "name")

    def __init__(self):
        self.file = "out"
        self.name = "log"

    def say(self):
        return f"{self.name}: {self.file}"

    def again(self):
        return super().again() + " twice"
