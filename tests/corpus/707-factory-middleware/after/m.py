from fastapi import FastAPI


def create_app():
    app = FastAPI(title="made")

    @app.get("/items")
    def items():
        return "old"

    @app.get("/more/{n}")
    def more(n: int):
        return n

    @app.middleware("http")
    async def mark(request, call_next):
        response = await call_next(request)
        response.headers["x-mark"] = "yes"
        return response

    return app


app = create_app()
