from fastapi import FastAPI

app = FastAPI()


@app.get("/items")
def items():
    return 0


for name in ("a", "b"):

    @app.get("/" + name)
    def page(name=name):
        return name
