"""How types are compared and scored: normal forms, heads, calibration and plain baselines."""
