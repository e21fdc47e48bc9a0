class Base(Exception):
    pass


class Other(Base):
    pass


class Mine(Base):
    pass


def check():
    try:
        raise Mine
    except Other:
        return "other"
    except Base:
        return "base"
