from fastapi import FastAPI

LIMIT = 1
CALLS = []


def create_app():
    CALLS.append(1)
    app = FastAPI()

    @app.get("/items")
    def items():
        return LIMIT

    return app


app = create_app()
