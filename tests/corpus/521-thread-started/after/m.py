import threading

ready = threading.Event()
LOG = []


def work(n):
    LOG.append(n)
    ready.set()


worker = threading.Thread(target=work, args=(2,), daemon=True)
worker.start()
ready.wait()
