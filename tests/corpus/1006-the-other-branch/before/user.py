from modes import run


def go():
    return run()
