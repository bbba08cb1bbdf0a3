"""duban (督办): follows every rectification item from the day it is assigned until it is struck off the ledger."""

__version__ = "0.1.0"
