def setup(app):
    @app.get('/one')
    def one():
        return 1
