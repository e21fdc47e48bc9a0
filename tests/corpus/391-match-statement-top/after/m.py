KIND = "b"
match KIND:
    case "a":
        VALUE = 1
    case _:
        VALUE = 2
