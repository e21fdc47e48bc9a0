ROOMS: dict[str, int] = {}
COUNT: int = 0
