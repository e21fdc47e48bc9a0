def ticker():
    while True:
        yield "old"
