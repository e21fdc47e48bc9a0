type Pair[T] = list[T]
X = 1
