from fastapi import FastAPI


def create_app(name):
    app = FastAPI(title=name)

    @app.get("/items")
    def items():
        return name

    return app


app = create_app("b")
