"""Measuring what a generator draws: attributes read from faces, nearest neighbours, variety, success rates."""
