"""Fields: turning what people type into typed values, and writing records of any entity."""
