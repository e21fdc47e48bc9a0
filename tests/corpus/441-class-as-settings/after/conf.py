class Settings:
    HOST = 'b'
    PORT = 2
