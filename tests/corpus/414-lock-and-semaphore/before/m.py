import queue
import threading

lock = threading.Lock()
q = queue.Queue()
N = 1
