from typing import Protocol, runtime_checkable


@runtime_checkable
class HasA(Protocol):
    def a(self) -> int: ...


class X:
    def a(self) -> int:
        return 1
