def log(x, seen=[], *, loud=False):
    seen.append(x)


def told():
    return log.__defaults__[0]
