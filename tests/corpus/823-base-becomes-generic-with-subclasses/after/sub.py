from m import Base


class Child(Base):
    def go(self):
        return "child of " + super().go()


class Grandchild(Child):
    pass
