def kind(cls):
    cls.kind = "old"
    return cls
