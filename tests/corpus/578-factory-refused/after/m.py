from fastapi import FastAPI


def create_app():
    app = FastAPI()

    @app.get("/items")
    def items():
        return 2

    raise LookupError("no database")
    return app


app = create_app()
