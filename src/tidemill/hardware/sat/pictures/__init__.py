"""Pictures of what a machine would do, as SVG that needs nothing else."""
