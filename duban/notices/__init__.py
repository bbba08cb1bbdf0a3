"""Notices: the template environment, numbering, and the rendering of mails and sheets."""
