"""Statements that are planned once and run many times: for the few places that are hot."""
