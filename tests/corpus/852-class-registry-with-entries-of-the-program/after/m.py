class Hub:
    known = {}


Hub.known["b"] = 1
