class Builder:
    def __init__(self):
        self.parts = []

    def add(self, p):
        self.parts.append(p)
        return self

    def text(self):
        return "-".join(self.parts)


builder = Builder()
builder.add("a").add("c").add("d")
TEXT = builder.text()
