class Model:
    pass


for field in ("name", "size"):
    setattr(Model, field, field.upper())


def fields():
    return sorted(name for name in vars(Model) if not name.startswith("_"))
