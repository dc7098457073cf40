"""Keys 密钥 of repositories: made, rotated, kept on paper, and proved to open what they should."""
