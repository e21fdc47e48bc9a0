from fastapi import FastAPI

app = FastAPI()


def one():
    return 1


def two():
    return 2


@app.get("/items")
def items():
    return 0


app.add_api_route("/uno", one)
app.add_api_route("/two", two)
