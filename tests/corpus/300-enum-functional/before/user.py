from m import Color

ALL = [c.name for c in Color]
