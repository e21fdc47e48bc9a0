def build():
    return ["new"]
