def build():
    return {"v": 2}


CONFIG = build()


def v():
    return CONFIG["v"]
