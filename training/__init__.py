"""How networks learn: recipes, the loop they run in, several processes, and publishing of weights.

A network's sizes and discriminators live in its own folder; the commands are cli/train.py.
"""
