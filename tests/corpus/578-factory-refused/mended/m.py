from fastapi import FastAPI


def create_app():
    app = FastAPI()

    @app.get("/things")
    def items():
        return 2

    return app


app = create_app()
