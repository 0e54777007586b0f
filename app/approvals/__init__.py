"""Approvals: any record, any flow (APR-1 to APR-7). Definitions are data, history is append-only."""
