from m import app


@app.get('/sight')
def view():
    return 'new'
