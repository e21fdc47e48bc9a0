class A:
    x = 5
