class Node:
    def link(self, other: "Node | None") -> "Node":
        return other


def f(n: "Node") -> "dict[str, Node]":
    return {"n": n}
