path = "a"
path = path + "/B"
path = path + "/c"
USES = [path]
