from collections import defaultdict
from typing import Generic, TypeVar

from models import Todo

T = TypeVar("T")


class Repository(Generic[T]):
    def __init__(self, model=None):
        self.model = model
        self.rows = {}


todos: dict[int, Todo] = {}
by_kind = {Todo: []}
lists: defaultdict[str, list[Todo]] = defaultdict(list)
generic = Repository[Todo]()
repository = Repository(model=Todo)


def sizes():
    return [len(todos), len(by_kind[Todo]), len(lists), len(generic.rows), len(repository.rows)]
