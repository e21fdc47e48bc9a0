from . import version as _v

version = '2.0'
