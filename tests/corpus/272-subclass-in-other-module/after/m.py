from base import Base


class A(Base):
    def me(self):
        return "A " + self.who()
