class Service:
    def __init__(self, n):
        self.n = n


service = Service(1)
