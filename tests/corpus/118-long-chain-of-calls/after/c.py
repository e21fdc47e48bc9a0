def deep():
    return 100
