from kinds import Kind

LABELS = {k: k.name.lower() for k in Kind}


def f(k):
    match k:
        case Kind.A:
            return 'FIRST'
        case Kind.C:
            return 'third'
        case _:
            return LABELS[k]
