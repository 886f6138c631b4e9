"""Writes report.json, report.html and junit.xml. It must not change a verdict."""
