from fastapi import FastAPI


def create_app():
    app = FastAPI(title="made")

    @app.get("/items")
    def items():
        return "old"

    @app.get("/more/{n}")
    def more(n: int):
        return n

    @app.get("/new")
    def new():
        return "new"

    return app


app = create_app()
