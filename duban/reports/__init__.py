"""Reports: the progress report, the ranking, and the workbook, drawn from the ledger."""
