class Service:
    def __init__(self, n=1):
        self.n = n


service = Service()
