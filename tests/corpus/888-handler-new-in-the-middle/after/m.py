handlers = []


def on(fn):
    handlers.append(fn)
    return fn


@on
def first(event):
    return f"first {event}"


@on
def second(event):
    return f"second {event}"


@on
def third(event):
    return f"third {event}"


handlers.append(str.upper)


def emit(event):
    return [handler(event) for handler in handlers]
