"""What the user has set: folders, config.toml, the API key and where it is kept, the log."""
