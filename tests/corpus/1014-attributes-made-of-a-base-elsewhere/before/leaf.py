from mid import Mid


class Leaf(Mid):
    options = {**Mid.options, "c": 3}
    name = f"{Mid.full}:{Mid.table}"
