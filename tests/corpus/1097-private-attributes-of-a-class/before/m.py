class Cache:
    __hits = {}
    __limit = 1

    def __touch(self, key):
        Cache.__hits[key] = True

    def get(self, key):
        self.__touch(key)
        return sorted(Cache.__hits), self.__limit


cache = Cache()
