def index():
    return "index"


index.title = "Start"
