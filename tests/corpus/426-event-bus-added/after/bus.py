HANDLERS = {}


def on(event):
    def deco(f):
        HANDLERS.setdefault(event, []).append(f)
        return f
    return deco


def emit(event, *a):
    return [h(*a) for h in HANDLERS.get(event, [])]
