from fastapi import FastAPI


def add_routes(app):
    @app.get('/items')
    def items():
        return 1

    @app.get('/zwei')
    def two():
        return 2


def create_app():
    app = FastAPI()
    add_routes(app)
    return app


app = create_app()
