"""Assignment rules (分配规则, CUS-5): who gets the customers nobody looks after."""
