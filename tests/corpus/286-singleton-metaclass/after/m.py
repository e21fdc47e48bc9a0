class Single(type):
    made = {}

    def __call__(cls, *a):
        if cls not in Single.made:
            Single.made[cls] = super().__call__(*a)
        return Single.made[cls]


class Pool(metaclass=Single):
    size = 2

    def __init__(self):
        self.used = []
