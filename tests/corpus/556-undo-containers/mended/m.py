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
L.append(3)
