class Node:
    def link(self, other: "Node") -> "Node":
        return other


def f(n: "Node") -> "list[Node]":
    return [n]
