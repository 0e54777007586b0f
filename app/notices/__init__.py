"""What a person is told, and by which way: in the product, by mail, by a group's robot."""
