"""N:M sparsity that saves real time: masks, training methods, the packed format, products."""
