class Root:
    pass


class Base(Root):
    def go(self):
        return "base"


class Child(Base):
    def go(self):
        return "child"
