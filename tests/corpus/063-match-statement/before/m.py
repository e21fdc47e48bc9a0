def f(x):
    match x:
        case {"kind": "a", "n": n}:
            return n
        case [first, *_]:
            return first
        case _:
            return None
