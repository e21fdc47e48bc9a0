class Hub:
    known = {}


Hub.known["a"] = 1
