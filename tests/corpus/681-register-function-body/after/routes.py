def setup(app):
    @app.get('/eins')
    def one():
        return 1
