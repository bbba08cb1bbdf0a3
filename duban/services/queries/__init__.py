"""What stands in the ledger, as pages, the API and the command line show it: reads only, plain values back."""
