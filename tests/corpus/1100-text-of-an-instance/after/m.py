class Text:
    def __str__(self):
        return "two"


class Bag:
    def __init__(self, text):
        self.text = text
        self.things = []


text = Text()
bag = Bag(text)
LINE = f"<{text}>"
