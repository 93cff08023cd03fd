"""The commands that choose and keep: what they do is in modules that load when a command runs, so that `--help` is quick."""
