"""Looking a flow over before it is published: what is wrong with it, and how that is said."""
