def f():
    return 'none'
