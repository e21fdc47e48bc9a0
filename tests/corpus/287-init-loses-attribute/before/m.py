class A:
    def __init__(self):
        self.x = 1
        self.y = 2

    def get(self):
        return self.x
