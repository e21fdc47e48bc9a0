from kinds import Kind

LABELS = {k: k.name.lower() for k in Kind}


def f(k):
    match k:
        case Kind.A:
            return 'first'
        case _:
            return LABELS[k]
