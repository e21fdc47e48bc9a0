class N:
    pass
