"""Lists as people keep them: chosen columns, saved views, which of them opens by itself."""
