"""The chapter's steps as data. It must not talk to a cluster; it refuses an unsound step."""
