import parts
from fastapi import FastAPI


def create_app():
    app = FastAPI()
    app.add_api_route("/one", parts.make("one"))
    return app
