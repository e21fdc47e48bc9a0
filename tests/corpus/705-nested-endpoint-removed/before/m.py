from fastapi import FastAPI


def create_app():
    app = FastAPI(title="made")

    @app.get("/items")
    def items():
        return "old"

    @app.get("/more/{n}")
    def more(n: int):
        return n

    return app


app = create_app()
