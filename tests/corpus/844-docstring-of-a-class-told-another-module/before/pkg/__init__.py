from ._urls import Url

Url.__module__ = "pkg"
