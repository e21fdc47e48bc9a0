calls = []


def logged(label="LOG"):
    def deco(fn):
        def wrapper(*args):
            return f"{label}: {fn(*args)}"

        return wrapper

    return deco
