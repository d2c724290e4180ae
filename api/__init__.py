"""Answers: the read API, the webhook route and the console.

Every answer says at which position of which book it is true. Nothing is decided here, and nothing is written except
through `streams.intake`.
"""
