class Named:
    def label(self):
        return "name=" + self.name


class Base:
    def __init__(self):
        self.name = "x"


class A(Named, Base):
    pass
