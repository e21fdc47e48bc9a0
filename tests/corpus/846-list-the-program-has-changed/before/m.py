QUEUE = []
QUEUE.append("a")
QUEUE.append("b")
QUEUE.append("c")
