class N(int):
    pass
