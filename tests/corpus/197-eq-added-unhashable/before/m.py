class V:
    n = 1
