from flask import Flask


def create_app():
    app = Flask(__name__)

    @app.get('/items')
    def items():
        return 'old'

    return app


app = create_app()
