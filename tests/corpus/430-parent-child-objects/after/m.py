class Node:
    def __init__(self, name, parent=None):
        self.name, self.children = name, []
        if parent is not None:
            parent.children.append(self)


root = Node("root")
left = Node("LEFT", root)
right = Node("right", root)


def names():
    return [c.name for c in root.children]
