"""What tests stand on: real databases, a built site, people of known roles."""

import os

# Tests hash many passwords and prove nothing by the time it takes: argon2id at its least cost.
for _name, _least in (("PASSES", "1"), ("MEMORY_KIB", "8"), ("THREADS", "1")):
    os.environ.setdefault(f"QIAO_PASSWORD_{_name}", _least)
