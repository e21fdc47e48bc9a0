import threading

stop = threading.Event()
t = threading.Thread(target=stop.wait, daemon=True)
t.start()
X = 1
