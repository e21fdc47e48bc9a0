class Note:
    def __init__(self, title):
        self.title = title


class Desk:
    def __init__(self):
        self.make = Note


TABLE = {}
TABLE["note"] = Note
