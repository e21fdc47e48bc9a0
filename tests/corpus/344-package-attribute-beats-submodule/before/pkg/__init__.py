from . import version as _v

version = '1.0'
