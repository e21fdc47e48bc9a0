count = 0


def hit():
    global count
    count += 10
    return count


def told():
    return -count
