def run():
    return 'new'
