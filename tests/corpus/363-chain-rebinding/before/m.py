path = "a"
path = path + "/b"
path = path + "/c"
USES = [path]
