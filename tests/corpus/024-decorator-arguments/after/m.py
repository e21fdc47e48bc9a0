def times(n):
    def deco(f):
        def wrapper(*args):
            return f(*args) * n
        return wrapper
    return deco


@times(3)
def say(x):
    return x
