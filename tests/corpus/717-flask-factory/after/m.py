from flask import Flask


def create_app():
    app = Flask(__name__)

    @app.get('/items')
    def items():
        return 'new'

    return app


app = create_app()
