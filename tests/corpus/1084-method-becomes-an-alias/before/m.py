class Log:
    def error(self, text):
        return f"error {text}"

    def critical(self, text):
        return f"critical {text}"

    def fatal(self, text):
        return f"fatal {text}"


log = Log()
