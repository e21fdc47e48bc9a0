import conf


def get():
    import late
    return late.Y
