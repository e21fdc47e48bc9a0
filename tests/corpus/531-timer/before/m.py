import threading

t = threading.Timer(3600, print)
t.daemon = True
t.start()
X = 1
