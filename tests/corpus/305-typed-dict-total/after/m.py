from typing import TypedDict


class A(TypedDict, total=False):
    x: int


class B(A):
    y: str
