"""Which days people work: the published calendar, and the days a site names itself."""
