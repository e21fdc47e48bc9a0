from conf import Settings

URL = f'{Settings.HOST}:{Settings.PORT}'


class Client:
    url = URL
