state = None


def start():
    global state
    state = "on"
    return state


def get():
    return state
