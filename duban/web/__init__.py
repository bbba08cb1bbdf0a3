"""Pages in Chinese, rendered on the server; they work without scripts, on a phone, and on paper."""
