class Room:
    pass


class Hall:
    pass
