class Service:
    version = 1

    def __init__(self):
        self.calls = 0


service = Service()
