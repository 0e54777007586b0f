"""Out of the product: who is told by mail and by robots of groups, sent by a durable job, each try on record."""
