import threading

ready = threading.Event()
LOG = []


def work(n):
    LOG.append(n)
    ready.set()


worker = threading.Thread(target=work, args=(1,), daemon=True)
worker.start()
ready.wait()
