import atexit
import threading

STARTS = []
LIMIT = 2


def work():
    STARTS.append(1)


t = threading.Thread(target=work)
t.start()
t.join()
atexit.register(work)
