"""Ranking (业绩排名): who did how much in a month, within scope."""
