def log(x, seen=[]):
    seen.append(x)


def told():
    return log.__defaults__[0]
