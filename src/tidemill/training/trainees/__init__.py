"""What is trained: a network with the examples as it reads them."""
