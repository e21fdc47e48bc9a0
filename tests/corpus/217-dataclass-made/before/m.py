class P:
    x: int = 0

    def __init__(self, x=0):
        self.x = x
