import abc


class Root:
    pass


class Base(Root, abc.ABC):
    @abc.abstractmethod
    def go(self):
        return "abstract"


class Child(Base):
    def go(self):
        return "child of " + super().go()
