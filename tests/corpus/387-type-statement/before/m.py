type Pair[T] = tuple[T, T]
X = 1
