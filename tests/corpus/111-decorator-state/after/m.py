def counted(f):
    calls = []
    def wrapper(*a):
        calls.append(a)
        return f(*a)
    wrapper.calls = calls
    return wrapper


@counted
def f(x):
    return x * 2
