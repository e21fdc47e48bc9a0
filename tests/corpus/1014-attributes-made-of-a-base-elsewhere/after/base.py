class Base:
    table = "root"
    options = {"a": 10, "q": 4}

    @classmethod
    def made(cls):
        return 2
