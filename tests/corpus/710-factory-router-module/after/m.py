from fastapi import FastAPI


def create_app():
    from users import router

    app = FastAPI()

    @app.get('/items')
    def items():
        return 1

    app.include_router(router)
    return app


app = create_app()
