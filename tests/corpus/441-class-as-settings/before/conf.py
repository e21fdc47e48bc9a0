class Settings:
    HOST = 'a'
    PORT = 1
