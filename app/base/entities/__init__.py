"""The screens of custom entities: their own, who receives a new one, and the tabs on the pages they belong to."""
