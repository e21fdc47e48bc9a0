from typing import TypedDict


class A(TypedDict):
    x: int


class B(A):
    y: int
