class Hub:
    known = {"a": 1}
    count = 0
