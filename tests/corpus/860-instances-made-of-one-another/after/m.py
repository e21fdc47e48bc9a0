import threading


class Node:
    def __init__(self, parent=None):
        self.parent = parent
        self.parts = []
        self.lock = threading.Lock()


root = Node()
child = Node(root)
root.parts.append(child)
root.parts.append("two")
