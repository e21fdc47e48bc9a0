def f(x):
    match x:
        case {"kind": "a" | "b", "n": int(n)} if n > 0:
            return n * 10
        case [first, *rest]:
            return len(rest)
        case str():
            return "text"
        case _:
            return None
