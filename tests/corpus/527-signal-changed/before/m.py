import signal


def a(signum, frame): ...
def b(signum, frame): ...


signal.signal(signal.SIGUSR2, a)
