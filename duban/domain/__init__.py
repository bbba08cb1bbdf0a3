"""Domain: lifecycle, limits, clocks, calendar, ladder. Pure: standard library only, time is a parameter."""
