import collections

L = [1]
D = {"a": [1]}
S = {1}
Q = collections.deque([1])
O = collections.OrderedDict(a=1)


class C:
    items = [1]
    table = {}


c = C()
c.own = [1]
L.append(2)
D["a"].append(2)
D["b"] = 3
S.add(2)
Q.append(2)
O["b"] = 2
C.items.append(2)
C.table["x"] = 1
c.own.append(2)
c.new = 1
raise RuntimeError("late")
