"""Types, units, errors and protocols that every room shares. Imports numpy, msgspec, stdlib."""
