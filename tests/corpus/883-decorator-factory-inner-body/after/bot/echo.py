from bot import command


@command("say")
def echo(text):
    return text
