class A:
    def __iter__(self):
        return iter([1])
