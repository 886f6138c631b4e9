"""A webapp that hands no header on."""

from flask import Flask
from webapp import app as webapp


def create_app() -> Flask:
    webapp.forwarded_headers = lambda environ: {}
    return webapp.create_app()
