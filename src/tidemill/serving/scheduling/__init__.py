"""Who is asked next: queues by expert, batches, a bound on waiting."""
