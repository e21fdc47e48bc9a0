class Config:
    size = 3
    name = "x"


SLOTS = dict.fromkeys(range(Config.size))
TITLE = Config.name.upper()
