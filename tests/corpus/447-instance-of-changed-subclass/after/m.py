SIZE = 2


class Pool:
    def __init__(self, size=0):
        self.size, self.used = size, []


fixed = Pool()
sized = Pool(SIZE)
