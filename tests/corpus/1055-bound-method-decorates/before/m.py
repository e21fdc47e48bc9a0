from fastapi import FastAPI

app = FastAPI()
get = app.get


@get("/two")
def two():
    return "two"


@get("/last")
def last():
    return "last"
