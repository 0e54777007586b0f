"""Relations (关系图谱): who is tied to whom, drawn on the customer's page."""
