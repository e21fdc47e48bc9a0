calls = []


def logged(label="log"):
    def deco(fn):
        def wrapper(*args):
            return f"{label}: {fn(*args)}"

        return wrapper

    return deco
