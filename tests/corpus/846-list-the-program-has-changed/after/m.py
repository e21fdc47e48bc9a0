QUEUE = []
QUEUE.append("a")
QUEUE.append("B")
QUEUE.append("c")
