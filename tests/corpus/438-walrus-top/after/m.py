if (n := len("abcd")) > 2:
    BIG = n * 2
