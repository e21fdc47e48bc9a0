from typing import Annotated

from fastapi import Depends, Query


class Paging:
    def __init__(self, start: int = 0, limit: Annotated[int, Query(le=100)] = 10):
        self.start = start
        self.limit = limit


Pages = Annotated[Paging, Depends()]
