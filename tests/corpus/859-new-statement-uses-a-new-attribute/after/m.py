class Store:
    def __init__(self):
        self.items = []
        self.seen = set()

    def add(self, item):
        self.items.append(item)
        self.seen.add(item)


store = Store()
store.add("seed")
