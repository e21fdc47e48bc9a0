class Base:
    kind = "B"

    def who(self):
        return self.kind + self.more()

    def more(self):
        return "+"
