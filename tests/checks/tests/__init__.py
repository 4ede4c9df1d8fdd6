"""Tests of the tree checks: each check finds what it is for, and leaves the rest in peace."""
