class Log:
    def error(self, text):
        return f"error {text}"

    def critical(self, text):
        return f"critical {text}"

    fatal = critical


log = Log()
