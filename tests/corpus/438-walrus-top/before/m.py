if (n := len("abc")) > 2:
    BIG = n
