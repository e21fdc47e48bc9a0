VERSION = 2


def loud(text: str) -> str:
    return text.upper()


FILTERS = {"loud": lambda text: f"{text}!"}
