def shout(f):
    def wrapper(*args):
        return f(*args).upper()
    return wrapper


@shout
def say(x):
    return x
