from fastapi import FastAPI


def create_app():
    app = FastAPI(title="made")

    @app.get("/items")
    def items():
        return "old"

    return app


app = create_app()
