name = "n"
size: int = 3
