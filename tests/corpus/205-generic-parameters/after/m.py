class Box[T, U]:
    def get(self, v: T, u: U = None) -> T:
        return (v, u)
