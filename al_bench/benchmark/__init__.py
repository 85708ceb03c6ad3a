"""The benchmark: protocols fixed beforehand, their runs in archives, and the page that says which strategy to use."""
