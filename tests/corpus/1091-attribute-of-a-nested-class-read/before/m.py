class Item:
    class Config:
        size = 1


SIZE = Item.Config.size


def size():
    return SIZE, Item.Config.size
