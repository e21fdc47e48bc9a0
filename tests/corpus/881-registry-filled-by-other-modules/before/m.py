import bot
from bot import dice, echo


def ask(*words):
    return bot.run(*words)
