from fastapi import FastAPI
from fastapi.testclient import TestClient


def create():
    app = FastAPI()
    one = 1
    two = 2

    @app.get("/")
    def index():
        return one + two

    @app.get("/two")
    def second():
        return two

    return app


app = create()


def get():
    return TestClient(app).get("/").json()
