def counter():
    count = 0
    label = "b".upper()

    def tick():
        nonlocal count
        count += 1
        return label, count

    return tick


tick = counter()
