class Service:
    def __init__(self, n=2):
        self.n = n


service = Service()
