from typing import Annotated

from fastapi import Depends, Query


class Paging:
    def __init__(self, start: int = 0, limit: Annotated[int, Query(le=50)] = 10, order: str = "id"):
        self.start = start
        self.limit = limit
        self.order = order


Pages = Annotated[Paging, Depends()]
