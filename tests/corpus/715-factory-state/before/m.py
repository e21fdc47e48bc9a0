from fastapi import FastAPI


def create_app():
    app = FastAPI()
    app.state.db = ["fresh"]

    @app.get("/items")
    def items():
        return 1

    return app


app = create_app()
