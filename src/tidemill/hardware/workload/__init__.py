"""What a machine is given to do: matrix products and the work between them."""
