count = 0


def hit():
    global count
    count += 1
    return count


def told():
    return count
