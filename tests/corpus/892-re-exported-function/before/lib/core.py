def build():
    return ["old"]
