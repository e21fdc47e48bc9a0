x: float = 2.0
z: bytes
