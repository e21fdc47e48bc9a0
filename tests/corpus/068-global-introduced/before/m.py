def start():
    return None


def get():
    return None
