class Cache:
    __hits = {}
    __limit = 2

    def get(self, key):
        Cache.__hits[key] = True
        return sorted(Cache.__hits), self.__limit


cache = Cache()
