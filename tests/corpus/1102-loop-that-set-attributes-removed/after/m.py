class Model:
    pass


def fields():
    return sorted(name for name in vars(Model) if not name.startswith("_"))
