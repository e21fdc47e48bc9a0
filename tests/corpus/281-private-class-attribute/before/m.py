class A:
    __limit = 1

    def get(self):
        return self.__limit
