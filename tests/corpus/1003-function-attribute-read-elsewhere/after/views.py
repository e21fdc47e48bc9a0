def index():
    return "index"


index.title = "Home"
