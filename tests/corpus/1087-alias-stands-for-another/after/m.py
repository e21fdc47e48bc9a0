def shout(text):
    return text.upper()


def whisper(text):
    return text.lower()


voice = whisper


def use():
    return voice("Aa")
