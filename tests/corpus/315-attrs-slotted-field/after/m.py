import attrs


@attrs.define
class J:
    a: int = 1
    b: int = 2
