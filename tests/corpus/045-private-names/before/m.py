class Safe:
    def __init__(self):
        self.__code = 1

    def open(self):
        return self.__code

    def __hidden(self):
        return 5
