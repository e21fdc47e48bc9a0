def tag(f):
    f.tag = 2
    return f
