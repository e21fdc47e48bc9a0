class Base:
    size = 2


class Big(Base):
    size = Base.size * 10


SIZES = [c.size for c in (Base, Big)]
