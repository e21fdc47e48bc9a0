class Query:
    a: int = 1
    b: int = 2


def describe(cls):
    return sorted(name for name in vars(cls) if not name.startswith("_"))


made = describe(Query)
