class V:
    n = 1

    def __eq__(self, o):
        return True
