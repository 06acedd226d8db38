"""One file per network, named like it, that holds ``RECIPE``; losses that several share."""
