from flask import Flask

app = Flask(__name__)


@app.get("/a")
def view():
    return "A"


def other():
    return "b"


app.add_url_rule("/b", "other", other)
