def ticker():
    while True:
        yield "new"
