class Registry:
    items = {}
    count = 0
    label = "old"

    @classmethod
    def add(cls, k, v):
        cls.items[k] = v
        cls.count += 1
