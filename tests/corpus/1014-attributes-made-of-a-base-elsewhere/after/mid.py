from base import Base


class Store(dict):
    pass


class Mid(Base):
    options = {**Base.options, "b": 2}
    full = Base.table + "_mid"
    number = Base.made()
    seen = Store()
