"""The wire: records, requests, tables of names and numbers, parameter models, signing. Pure, no I/O."""
