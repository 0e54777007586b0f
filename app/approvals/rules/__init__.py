"""The engine, pure: what a flow is (`document`), how a case stands (`state`), what an act leads to (`playing`).

An act never changes a case by itself: it yields events, and how a case stands is what its events add up to.
"""
