from m import app


@app.get('/view')
def view():
    return 'old'
