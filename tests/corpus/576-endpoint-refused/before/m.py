from fastapi import FastAPI

app = FastAPI()


class Odd:
    pass


@app.get("/items")
def items():
    return 1
