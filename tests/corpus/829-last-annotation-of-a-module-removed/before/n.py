name: str = "n"
size: int = 3
