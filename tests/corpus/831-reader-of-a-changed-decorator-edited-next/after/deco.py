def kind(cls):
    cls.kind = "new"
    return cls
