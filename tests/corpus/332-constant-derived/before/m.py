BASE = 2
DOUBLE = BASE * 2
TABLE = {n: n * DOUBLE for n in range(3)}
TEXT = f"<{DOUBLE}>"
OTHER = object()
