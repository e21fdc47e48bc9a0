def add(a, b):
    return a + b


def sub(a, b):
    return a - b


OPS = {"+": add, "-": sub}


def run(op, *a):
    return OPS[op](*a) if op in OPS else None
