from c import high

TABLE = [high(), high() + 1]
