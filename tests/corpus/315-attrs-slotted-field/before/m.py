import attrs


@attrs.define
class J:
    a: int = 1
