from pkg import version

TEXT = 'v' + version
