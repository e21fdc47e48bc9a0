import os
import signal

GOT = []


def handler(signum, frame):
    GOT.append("old")


signal.signal(signal.SIGUSR2, handler)


def fire():
    GOT.clear()
    signal.raise_signal(signal.SIGUSR2)
    return GOT[:]
