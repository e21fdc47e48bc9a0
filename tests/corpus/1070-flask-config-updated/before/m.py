from flask import Flask

app = Flask(__name__)
app.config.update(LIMIT=1)


@app.get("/")
def index():
    return str(app.config["LIMIT"])
