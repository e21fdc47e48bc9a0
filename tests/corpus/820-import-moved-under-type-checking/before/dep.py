PLACE = "shop"


class Thing:
    name = "thing"
