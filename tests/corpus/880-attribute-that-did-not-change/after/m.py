class Config:
    size = 3
    name = "y"
    color = "red"


SLOTS = dict.fromkeys(range(Config.size))
TITLE = Config.name.upper()
