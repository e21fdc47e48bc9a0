def log(x, seen=[]):
    if x:
        seen.append(x)
    return len(seen)
