class Safe:
    def __init__(self):
        self.__code = 1

    def open(self):
        return self.__code * 10 + self.__hidden()

    def __hidden(self):
        return 6
