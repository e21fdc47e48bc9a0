class Item:
    class Config:
        size = 2


SIZE = Item.Config.size


def size():
    return SIZE, Item.Config.size
