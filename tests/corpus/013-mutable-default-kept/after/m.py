def log(x, seen=[]):
    if x:
        seen.append(x)
    return f'{len(seen)} seen'
