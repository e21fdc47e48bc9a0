version: str

version = "1.4"
