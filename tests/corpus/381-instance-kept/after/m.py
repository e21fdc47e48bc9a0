class Service:
    version = 2

    def __init__(self):
        self.calls = 0

    def name(self):
        return "svc"


service = Service()
