def go():
    return 'a'
