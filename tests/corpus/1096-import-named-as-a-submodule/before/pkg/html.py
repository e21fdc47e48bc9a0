KIND = "ours"
