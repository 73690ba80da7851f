"""Scripts: kept, matched, carried out, explained."""
