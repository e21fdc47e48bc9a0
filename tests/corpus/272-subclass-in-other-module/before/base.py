class Base:
    def who(self):
        return "base"
