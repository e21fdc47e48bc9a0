from concurrent.futures import ThreadPoolExecutor
from threading import Event

stop, ready = Event(), Event()


def work():
    while True:
        ready.set()
        if stop.wait(60):
            return "new"


def submit(pool):
    made = pool.submit(work)
    ready.wait(60)
    return made
