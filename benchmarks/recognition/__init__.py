"""How well recognizers hear, and how well their check finds faults that were planted."""
