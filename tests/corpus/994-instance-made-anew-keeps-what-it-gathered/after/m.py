from collections import deque
from dataclasses import dataclass, field

LIMIT = 6


class Log:
    def __init__(self, size):
        self.size = size
        self.lines = []


class Manager:
    def __init__(self, limit, names=()):
        self.limit = limit
        self.names = list(names)
        self.connections = set()
        self.recent = deque(maxlen=10)
        self.log = Log(limit)
        self.total = 0


@dataclass
class Cache:
    size: int = 3
    hits: dict = field(default_factory=dict)


by_constant = Manager(LIMIT)
by_argument = Manager(2, [])
cache = Cache()
