"""What tests stand on: real databases, a built site, people of known roles."""
