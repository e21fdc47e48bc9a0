import threading

stop = threading.Event()
ready = threading.Event()


def work():
    while not stop.is_set():
        ready.set()
        stop.wait(60)
    return 2


t = threading.Thread(target=work, daemon=True)
t.start()
ready.wait(60)
