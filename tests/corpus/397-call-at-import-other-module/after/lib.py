def rate():
    return 5
