def tag(f):
    f.tag = 1
    return f
