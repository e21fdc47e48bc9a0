import atexit


@atexit.register
def bye():
    return 1
