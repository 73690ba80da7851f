"""How well analysers see: detection rates and false alarms on scenes with a known truth, and what a look costs."""
