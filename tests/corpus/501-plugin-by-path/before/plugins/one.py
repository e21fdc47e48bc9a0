def run():
    return 'old'
