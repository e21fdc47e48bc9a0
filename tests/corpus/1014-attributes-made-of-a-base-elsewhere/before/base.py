class Base:
    table = "base"
    options = {"a": 1}

    @classmethod
    def made(cls):
        return 1
