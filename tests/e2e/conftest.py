"""The chapter's run: options, fixtures and reports come from harness.plugin."""

pytest_plugins = ["harness.plugin"]
