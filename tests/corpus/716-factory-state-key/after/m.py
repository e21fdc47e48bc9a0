from fastapi import FastAPI


def create_app():
    app = FastAPI(title="made")

    @app.get("/things")
    def items():
        return "old"

    @app.get("/more/{n}")
    def more(n: int):
        return n

    app.state.ready = True
    return app


app = create_app()
