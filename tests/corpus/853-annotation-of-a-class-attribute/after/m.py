class Hub:
    known: dict[str, int] = {"a": 1}
    count: int = 0
