def Note(title):
    return {"title": title}


class Desk:
    def __init__(self):
        self.make = Note


TABLE = {}
TABLE["note"] = Note
