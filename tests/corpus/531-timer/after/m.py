import threading

t = threading.Timer(7200, print)
t.daemon = True
t.start()
X = 1
