class Base:
    def go(self):
        return "base"


class Other(Base):
    pass
