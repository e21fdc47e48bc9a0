class Box[T]:
    def get(self, v: T) -> T:
        return v
