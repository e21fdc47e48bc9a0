def adder(n):
    def add(x):
        return (x + n) * 100
    return add
