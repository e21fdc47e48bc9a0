class A:
    x: float
    z: list = []
