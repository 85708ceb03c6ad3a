"""Published numbers: facts from papers, with authors, year and where each stands (published.toml)."""
