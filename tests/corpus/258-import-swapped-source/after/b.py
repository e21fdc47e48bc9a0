def go():
    return 'b'
