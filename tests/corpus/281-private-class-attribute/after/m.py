class A:
    __limit = 2

    def get(self):
        return self.__limit
