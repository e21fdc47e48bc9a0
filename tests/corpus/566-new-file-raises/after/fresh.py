value = 1
raise OSError('no disk')
