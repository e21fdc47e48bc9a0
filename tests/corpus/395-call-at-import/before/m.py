def build():
    return {"v": 1}


CONFIG = build()


def v():
    return CONFIG["v"]
