def counter():
    count = 0
    label = "a"

    def tick():
        nonlocal count
        count += 1
        return label, count

    return tick


tick = counter()
