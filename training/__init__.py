"""Floor 4: closed deals in, a bundle out: fitted, tested, compared with the rules, promoted or not."""
