from fastapi import FastAPI

PATH = '/items'


def create_app():
    app = FastAPI()

    @app.get(PATH)
    def items():
        return 1

    return app


app = create_app()
